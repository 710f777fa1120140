"""Elected bodies: elect a committee, extend its term, fill and vacate its seats (domain.md 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.models import (
    CertificateFiling,
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    Person,
    TermExtension,
    UnionUnit,
)
from members.states import BODILESS_KINDS, FIVE_YEAR_KINDS, UnitStatus
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission

Office = CommitteeSeat.Office
SINGLE_OFFICES = {
    Committee.Kind.UNION: Office.ORGANISER,
    Committee.Kind.AUDIT: Office.COMMISSIONER,
    Committee.Kind.WOMEN: Office.COMMISSIONER,
}


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Somebody elected: a person known here, or a name."""

    office: str
    person: Person | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Election:
    """A result as the congress made it and the upper union confirmed it.

    `is_single`: one organiser or commissioner instead of a committee.
    """

    kind: str
    started_on: date
    term_years: int
    seats: Sequence[Seat]
    is_single: bool = False
    congress: str = ""
    document_no: str = ""


@transaction.atomic
def elect(*, by: User | ServiceActor, unit: UnionUnit, election: Election) -> Committee:
    """Record an election or re-election; the committee before it ends that day.

    A new chair of a legal person leaves a change to be filed. Raises `Refused` (`unit_has_none`,
    `term_five`, `seats`, `before_previous`, `future`), `Stale` for a dissolved unit.
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    refuse_future(election.started_on, "started_on")
    locked = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    _check_unit(locked)
    _check_term(locked, election)
    _check_seats(election)
    _end_previous(locked, election)
    committee = Committee.objects.create(
        unit=locked,
        kind=election.kind,
        is_single=election.is_single,
        congress=election.congress,
        started_on=election.started_on,
        term_years=election.term_years,
        due_on=years_after(election.started_on, election.term_years),
        document_no=election.document_no,
    )
    seats = CommitteeSeat.objects.bulk_create(
        _seat(committee, seat, election.started_on) for seat in election.seats
    )
    audit.record(
        by=by, verb="committee.elect", target=committee,
        data={"unit": str(unit.pk), "seats": len(seats), "term_years": election.term_years},
    )  # fmt: skip
    _note_chair(committee, seats)
    return committee


def years_after(day: date, years: int) -> date:
    """Return the same day `years` later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _check_unit(unit: UnionUnit) -> None:
    if unit.status == UnitStatus.DISSOLVED:
        raise Stale(_("This unit is dissolved. Look again before you act."), code="stale")
    if unit.kind in BODILESS_KINDS:
        raise Refused(
            _("A unit of the kind “%(kind)s” elects no committee.")
            % {"kind": unit.get_kind_display()},
            code="unit_has_none",
        )


def _check_term(unit: UnionUnit, election: Election) -> None:
    is_five = unit.kind in FIVE_YEAR_KINDS
    if election.term_years not in ((5,) if is_five else (3, 5)):
        words = (
            _("Committees of this kind of union serve five years.")
            if is_five
            else _("A term is three or five years.")
        )
        raise Refused(words, code="term_five" if is_five else "term", field="term_years")


def _check_seats(election: Election) -> None:
    offices = [seat.office for seat in election.seats]
    if election.is_single:
        if offices != [SINGLE_OFFICES[Committee.Kind(election.kind)]]:
            raise Refused(
                _("Name the one person who is elected instead of a committee."), code="seats"
            )
    elif offices.count(Office.CHAIR) != 1:
        raise Refused(_("A committee has one chair. Name who it is."), code="seats")
    for seat in election.seats:
        _check_seat(seat)


def _check_seat(seat: Seat) -> None:
    if (seat.person is None) == (not seat.name.strip()):
        raise Refused(_("Give each seat a member or a name."), code="seats", field="name")


def _end_previous(unit: UnionUnit, election: Election) -> None:
    held = Committee.objects.filter(unit=unit, kind=election.kind).order_by("-started_on").first()
    if held is None:
        return
    last = held.ended_on or held.started_on
    if election.started_on < last or election.started_on == held.started_on:
        raise Refused(
            _("The committee before was elected on %(day)s. Choose a later day.")
            % {"day": held.started_on},
            code="before_previous",
            field="started_on",
        )
    if held.ended_on is None:
        held.ended_on = election.started_on
        held.save(update_fields=["ended_on"])
        held.seats.filter(ended_on=None).update(ended_on=election.started_on)


def _seat(committee: Committee, seat: Seat, day: date) -> CommitteeSeat:
    return CommitteeSeat(
        committee=committee,
        person=seat.person,
        name="" if seat.person else seat.name.strip(),
        office=seat.office,
        started_on=day,
    )


def _note_chair(committee: Committee, seats: Sequence[CommitteeSeat]) -> None:
    """Leave a filing to be done when the legal representative is another person now."""
    chair = next((seat for seat in seats if seat.office == Office.CHAIR), None)
    if chair is None or committee.kind != Committee.Kind.UNION:
        return
    held = LegalPersonCertificate.objects.filter(unit=committee.unit_id, ended_on=None).first()
    if held is None or held.representative == chair.full_name:
        return
    CertificateFiling.objects.create(
        certificate=held,
        what=CertificateFiling.What.REPRESENTATIVE,
        happened_on=max(chair.started_on, held.issued_on),
    )


@transaction.atomic
def extend_term(
    *,
    by: User | ServiceActor,
    committee: Committee,
    to_day: date,
    document_no: str,
    decided_on: date | None = None,
) -> TermExtension:
    """Let a committee stand for election later, by the upper union's paper.

    Raises `Refused` (`paper_needed`, `not_later`, `future`), `Stale` when its term has ended.
    """
    locked = _open(by, committee)
    day = decided_on or timezone.localdate()
    refuse_future(day, "decided_on")
    if not document_no.strip():
        raise Refused(
            _("Give the number of the upper union's consent."),
            code="paper_needed",
            field="document_no",
        )
    if to_day <= locked.due_on:
        raise Refused(
            _("The term runs to %(day)s already. Choose a later day.") % {"day": locked.due_on},
            code="not_later",
            field="to_day",
        )
    extension = TermExtension.objects.create(
        committee=locked, from_day=locked.due_on, to_day=to_day, document_no=document_no.strip(),
        decided_on=day,
    )  # fmt: skip
    locked.due_on = to_day
    locked.save(update_fields=["due_on"])
    audit.record(by=by, verb="committee.extend", target=locked, fields=["due_on"])
    return extension


def _open(by: User | ServiceActor, committee: Committee) -> Committee:
    require_units(by, Permission.KEEP_UNIT_RECORDS, [committee.unit_id])
    locked = Committee.objects.select_for_update(of=("self",)).get(pk=committee.pk)
    if locked.ended_on is not None:
        raise Stale(_("This committee's term has ended. Look again before you act."), code="stale")
    return locked


@transaction.atomic
def fill_seat(
    *, by: User | ServiceActor, committee: Committee, seat: Seat, started_on: date | None = None
) -> CommitteeSeat:
    """Put somebody into a committee in its term (a by-election).

    Raises `Refused` (`chair_taken`, `seats`, `before_term`, `future`), `Stale` after its term.
    """
    locked = _open(by, committee)
    day = started_on or timezone.localdate()
    refuse_future(day, "started_on")
    _check_seat(seat)
    if day < locked.started_on:
        raise Refused(
            _("The committee was elected on %(day)s. Choose that day or a later one.")
            % {"day": locked.started_on},
            code="before_term",
            field="started_on",
        )
    is_chair = seat.office == Office.CHAIR
    chairs = locked.seats.filter(office=Office.CHAIR)
    if is_chair and (
        chairs.filter(ended_on=None).exists() or chairs.filter(ended_on__gt=day).exists()
    ):
        raise Refused(
            _("There is a chair on that day. End the chair's office first."),
            code="chair_taken",
            field="office",
        )
    row = _seat(locked, seat, day)
    row.save(force_insert=True)
    audit.record(by=by, verb="committee.fill_seat", target=locked, data={"seat": str(row.pk)})
    _note_chair(locked, [row])
    return row


@transaction.atomic
def vacate_seat(
    *, by: User | ServiceActor, seat: CommitteeSeat, reason: str, ended_on: date | None = None
) -> CommitteeSeat:
    """End somebody's office before the term does.

    Raises `Refused` (`reason_needed`, `before_office`, `future`), `Stale` when it has ended.
    """
    locked = _open(by, seat.committee)
    day = ended_on or timezone.localdate()
    refuse_future(day, "ended_on")
    row = CommitteeSeat.objects.select_for_update(of=("self",)).get(pk=seat.pk)
    if row.ended_on is not None:
        raise Stale(_("This office has ended. Look again before you act."), code="stale")
    if not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")
    if day < row.started_on:
        raise Refused(
            _("The office began on %(day)s. Choose that day or a later one.")
            % {"day": row.started_on},
            code="before_office",
            field="ended_on",
        )
    row.ended_on, row.reason = day, reason[:100]
    row.save(update_fields=["ended_on", "reason"])
    audit.record(
        by=by, verb="committee.vacate_seat", target=locked, reason=reason,
        data={"seat": str(row.pk)},
    )  # fmt: skip
    return row
