"""A returned application, completed by the applicant through a texted link."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from members.actions.confirmation import confirm
from members.models import Application
from members.states import ApplicationState, Confirmation
from unionportal.core.actors import WORKER_SELF, ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.messaging import outbox
from unionportal.core.models import User
from unionportal.core.transitions import move


def ask(application: Application, by: User | ServiceActor) -> None:
    """Text the link where the applicant sees what is missing and sends it in again."""
    if not application.complete_token:
        application.complete_token = secrets.token_urlsafe(16)
        application.save(update_fields=["complete_token"])
    with translation.override(settings.LANGUAGE_CODE):
        body = _(
            "%(unit)s sent your application back: something is missing. See what and send it in "
            "again here: %(link)s"
        ) % {
            "unit": application.unit.name,
            "link": f"{settings.PUBLIC_URL}/complete/{application.complete_token}/",
        }
    outbox.queue(by=by, purpose="complete", phone=application.phone, body=body)


def find(token: str) -> Application:
    """Return the application behind the link; raise `Refused` (`unknown_link`)."""
    rows = Application.objects.select_related("unit").filter(complete_token=token)
    found = rows.first() if token else None
    if found is None:
        raise Refused(
            _("This link is not valid. Ask your union for a new one."), code="unknown_link"
        )
    return found


@transaction.atomic
def complete(*, token: str) -> Application:
    """Send a returned application in again, by the applicant; again changes nothing.

    Whoever holds the texted link and sends it in says with it that he or she wishes to join.
    Raises `Refused` (`unknown_link`), `Stale` when it was closed meanwhile.
    """
    found = find(token)
    if found.state == ApplicationState.SUBMITTED:
        return found
    if found.state != ApplicationState.RETURNED:
        raise Stale(_("This application was decided. Ask your union."), code="stale")
    if found.confirmation == Confirmation.NONE:
        confirm(found)
    return move(found, "resubmit", by=WORKER_SELF)
