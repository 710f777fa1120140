"""The texted link by which a person confirms the wish to join."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import memberships, people
from members.models import Application, Person
from members.states import OPEN_APPLICATION, ApplicationState, Confirmation
from unionportal.core import audit
from unionportal.core.actors import WORKER_SELF
from unionportal.core.errors import Refused


@transaction.atomic
def confirm_by_link(*, token: str) -> Application:
    """Record that the person opened the texted link; again does nothing.

    Also proves the phone when nobody else is known by it. Raises `Refused` (`unknown_link`,
    `link_closed`).
    """
    locked = Application.objects.select_for_update(of=("self",)).select_related(
        "person", "membership"
    )
    application = locked.filter(confirm_token=token).first() if token else None
    if application is None:
        raise Refused(
            _("This link is not valid. Ask your union for a new one."), code="unknown_link"
        )
    if application.state in (ApplicationState.REJECTED, ApplicationState.WITHDRAWN):
        raise Refused(_("This application was closed. Ask your union."), code="link_closed")
    if application.confirmation == Confirmation.NONE:
        confirm(application)
    return application


def confirm(application: Application) -> None:
    """Record the yes given through a texted link, with what it proves about the phone."""
    application.confirmation, application.confirmed_at = Confirmation.SMS_LINK, timezone.now()
    application.phone_is_verified = _is_only_theirs(application)
    application.save(update_fields=["confirmation", "confirmed_at", "phone_is_verified"])
    audit.record(
        by=WORKER_SELF, verb="application.confirm", target=application, fields=["confirmation"]
    )
    person, membership = application.person, application.membership
    if application.phone_is_verified and person and person.phone_index == application.phone_index:
        people.verify_phone(person=person, phone=application.phone, by=WORKER_SELF)
    if membership and membership.is_open:
        memberships.confirm(
            membership=membership, confirmation=Confirmation.SMS_LINK, by=WORKER_SELF
        )


def _is_only_theirs(application: Application) -> bool:
    """Say whether nobody else, member or applicant, is known by the application's phone."""
    others = Person.objects.filter(phone_index=application.phone_index)
    applicants = Application.objects.filter(
        phone_index=application.phone_index, state__in=OPEN_APPLICATION
    )
    return not (
        others.exclude(id_index=application.id_index).exists()
        or applicants.exclude(id_index=application.id_index).exists()
    )
