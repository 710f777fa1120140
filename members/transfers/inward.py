"""Take in a member who comes from a union outside the district, with its letter (domain.md 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import applications
from members.actions.candidates import Candidate
from members.models import Application, Employer, Transfer, UnionUnit
from members.states import Confirmation
from members.transfers.actions import TRANSFERS, write_case
from members.transfers.states import TransferKind
from unionportal.core.errors import Refused
from unionportal.core.models import Attachment, User
from unionportal.core.transitions import move


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What the other union's letter says, and who decided here on which day."""

    outside_name: str
    joined_elsewhere_on: date
    arrived_on: date
    signer: str
    letter: Attachment
    reason: str = ""


@transaction.atomic
def take_in(*, by: User, candidate: Candidate, arrival: Arrival) -> Transfer:
    """Open the membership of somebody another union hands over, and close the case with it.

    Our figures count the member from `arrived_on`; the day of joining there is kept with the
    case, for seniority. Raises `Refused` (`no_outside_name`, `joined_elsewhere`, and the codes of
    `applications.submit` and `applications.approve`), `NotAllowed` out of reach.
    """
    _check(arrival)
    application = applications.submit(by=by, candidate=candidate)
    applications.approve(
        by=by, applications=[application], decided_on=arrival.arrived_on, signer=arrival.signer,
        scan=arrival.letter,
    )  # fmt: skip
    application.refresh_from_db()
    return _case(by, application, candidate.unit, candidate.employer, arrival)


def _check(arrival: Arrival) -> None:
    if not arrival.outside_name.strip():
        raise Refused(
            _("Name the union outside the district."), code="no_outside_name", field="outside_name"
        )
    if arrival.joined_elsewhere_on > arrival.arrived_on:
        raise Refused(
            _("The day of joining there lies after the day of coming here."),
            code="joined_elsewhere",
            field="joined_elsewhere_on",
        )


def _case(
    by: User,
    application: Application,
    unit: UnionUnit,
    employer: Employer | None,
    arrival: Arrival,
) -> Transfer:
    """Write the case through all its steps: both sides have said yes on the letter."""
    made = write_case(
        by, kind=TransferKind.INWARD, membership=application.membership, to_unit=unit,
        outside_name=arrival.outside_name.strip()[:120], employer=employer, reason=arrival.reason,
        joined_elsewhere_on=arrival.joined_elsewhere_on,
    )  # fmt: skip
    now = timezone.now()
    move(made, "consent", by=by, confirmation=Confirmation.PAPER_FORM, consented_at=now,
         paper=arrival.letter)  # fmt: skip
    move(made, "accept", by=by, moves_on=arrival.arrived_on)
    return move(made, "finish", by=TRANSFERS, closed_at=now)
