"""Join again: the same person, a new membership with a number of its own (domain.md 2.1)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from members.actions import applications
from members.actions.candidates import Candidate
from members.actions.stopping import stopped
from members.models import Application, Membership, Person, UnionUnit, WorkerGroup
from members.states import Confirmation, MembershipState, PhoneState, Source
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import Attachment, User

# Who may come back by a new application; an expelled member and a dead one do not.
MAY_RETURN = (MembershipState.RESIGNED, MembershipState.MOVED_AWAY, MembershipState.ANNULLED)


@transaction.atomic
def apply_again(
    *,
    membership: Membership,
    unit: UnionUnit,
    group: WorkerGroup,
    evidence: Attachment,
    by: User | ServiceActor,
    vehicle_plate: str = "",
) -> Application:
    """Send in an application for a former member, with what is on record and the new signed form.

    Approval opens a new membership with the next free number; the old number is never given
    again. Raises `Refused` (`cannot_return`, `no_phone`, `stopped`, `already_member`,
    `open_application` and the codes of `applications.submit`).
    """
    person = Person.objects.get(pk=membership.person_id)
    if membership.state not in MAY_RETURN:
        raise Refused(_("This membership does not let its member join again."),
                      code="cannot_return")  # fmt: skip
    if person.stopped_at:
        raise stopped(membership)
    if person.phone_state == PhoneState.NONE:
        raise Refused(
            _("There is no phone on record. Enrol the person on the usual form."), code="no_phone"
        )
    candidate = Candidate(
        name=person.name,
        id_type=person.id_type,
        id_number=person.id_number,
        phone=person.phone,
        phone_is_verified=person.phone_state == PhoneState.VERIFIED,
        group=group,
        unit=unit,
        vehicle_plate=vehicle_plate,
        source=Source.FORM,
        confirmation=Confirmation.PAPER_FORM,
        evidence=evidence,
    )
    return applications.submit(by=by, candidate=candidate)
