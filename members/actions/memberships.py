"""Open, keep, move and close memberships; every count change is a movement in the same breath."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions import history, movements
from members.actions.rights import fed, require_units
from members.actions.stopping import refuse_stopped
from members.actions.unit_locks import hold_standing, hold_units
from members.models import (
    Affiliation,
    Consent,
    Employer,
    GroupMembership,
    MemberCertificate,
    Membership,
    MemberVehicle,
    Movement,
    Person,
    UnionUnit,
    WorkerGroup,
)
from members.states import Confirmation, MembershipState, MovementKind, Source
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

CONSENT_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A membership to be opened."""

    person: Person
    unit: UnionUnit
    group: WorkerGroup
    joined_on: date
    source: str = Source.REGISTRY
    employer: Employer | None = None
    vehicle_plate: str = ""
    platform_name: str = ""
    confirmation: str = Confirmation.NONE
    confirmed_at: datetime | None = None
    evidence: Attachment | None = None


@transaction.atomic
def open_membership(*, by: User | ServiceActor, opening: Opening) -> Membership:
    """Open one membership without an application (a registry load, a return).

    Raises `Refused` (`already_member`) when the person has an open one, `NotAllowed` outside
    `by`'s reach.
    """
    require_units(by, Permission.APPROVE_APPLICATION, [opening.unit.pk])
    hold_standing([opening.unit.pk])
    Person.objects.select_for_update().get(pk=opening.person.pk)
    _past(opening.joined_on)
    refuse_members([opening])
    [membership] = write_memberships(by=by, openings=[opening])
    signals.membership_activated.send(Membership, memberships=[membership], by=by)
    return membership


def refuse_members(openings: Sequence[Opening]) -> None:
    """Raise `Refused` when somebody has an open membership, or one that ended after the new day.

    Codes: `already_member`, `member_then`.
    """
    rows = Membership.objects.filter(person__in=[one.person for one in openings])
    counted = rows.exclude(state=MembershipState.ANNULLED).order_by()
    last = dict(counted.values_list("person").annotate(until=Max("ended_on")))
    is_open = set(counted.filter(ended_on=None).values_list("person", flat=True))
    twice = len(openings) - len({one.person.pk for one in openings})
    count = twice + sum(one.person.pk in is_open for one in openings)
    if count:
        raise Refused(
            _("%(count)d of these people already have a membership. Reject those applications.")
            % {"count": count},
            code="already_member",
        )
    later = [last[one.person.pk] for one in openings if _was_member(one, last)]
    if later:
        raise Refused(
            _("%(count)d of these people were members until %(day)s. Choose no earlier day.")
            % {"count": len(later), "day": max(later).isoformat()},
            code="member_then",
            field="decided_on",
        )


def _was_member(opening: Opening, last: dict[UUID, date | None]) -> bool:
    until = last.get(opening.person.pk)
    return until is not None and until > opening.joined_on


def write_memberships(*, by: User | ServiceActor, openings: Sequence[Opening]) -> list[Membership]:
    """Write memberships with affiliation, group, vehicle, movement, certificate and consent.

    One statement per table however many; the caller sends `membership_activated`.
    """
    numbers = _member_numbers([opening.joined_on.year for opening in openings])
    rows = [_membership(opening, number) for opening, number in zip(openings, numbers, strict=True)]
    Membership.objects.bulk_create(rows)
    Affiliation.objects.bulk_create(_affiliation(row) for row in rows)
    GroupMembership.objects.bulk_create(
        GroupMembership(membership=row, group_id=row.group_id, started_on=row.joined_on)
        for row in rows
    )
    movements.write(_movement(row, row.joined_on, 1, MovementKind.JOIN) for row in rows)
    MemberCertificate.objects.bulk_create(
        MemberCertificate(membership=row, token=secrets.token_urlsafe(16), issued_on=row.joined_on)
        for row in rows
    )
    MemberVehicle.objects.bulk_create(
        MemberVehicle(membership=row, plate=row.vehicle_plate, started_on=row.joined_on)
        for row in rows
        if row.vehicle_plate
    )
    _write_consents(openings)
    audit.record_many(
        by=by,
        verb="membership.open",
        model=Membership,
        moves=[(row.pk, "", MembershipState.ACTIVE) for row in rows],
    )
    return rows


def _member_numbers(years: Sequence[int]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('members_member_number') FROM generate_series(1, %s)", [len(years)]
        )
        serials = [row[0] for row in cursor.fetchall()]
    return [f"GH{year}{serial:08d}" for year, serial in zip(years, serials, strict=True)]


def _membership(opening: Opening, number: str) -> Membership:
    return Membership(
        person=opening.person,
        member_no=number,
        joined_on=opening.joined_on,
        unit=opening.unit,
        group=opening.group,
        employer=opening.employer,
        vehicle_plate=opening.vehicle_plate,
        platform_name=opening.platform_name,
        source=opening.source,
        confirmation=opening.confirmation,
        confirmed_at=opening.confirmed_at,
    )


def _affiliation(membership: Membership) -> Affiliation:
    return Affiliation(
        membership=membership,
        unit_id=membership.unit_id,
        employer_id=membership.employer_id,
        started_on=membership.joined_on,
        reason="joined",
    )


def _movement(membership: Membership, day: date, delta: int, kind: MovementKind) -> Movement:
    return Movement(
        membership=membership,
        unit_id=membership.unit_id,
        area_id=membership.unit.area_id,
        group_id=membership.group_id,
        day=day,
        delta=delta,
        kind=kind,
    )


def _write_consents(openings: Sequence[Opening]) -> None:
    confirmed = [opening for opening in openings if opening.confirmed_at is not None]
    have = Consent.objects.filter(
        person__in=[opening.person for opening in confirmed],
        purpose=Consent.Purpose.MEMBERSHIP,
        withdrawn_at__isnull=True,
    )
    known = set(have.values_list("person_id", flat=True)) if confirmed else set()
    given = Consent.objects.bulk_create(
        Consent(
            person=opening.person,
            purpose=Consent.Purpose.MEMBERSHIP,
            version=CONSENT_VERSION,
            given_at=opening.confirmed_at or timezone.now(),
            evidence=opening.evidence,
        )
        for opening in confirmed
        if opening.person.pk not in known and not _withdrew_since(opening)
    )
    # Who agrees again after having withdrawn may be worked with again (PIPL 15).
    if back := [consent.person_id for consent in given if consent.person.stopped_at]:
        Person.objects.filter(pk__in=back).update(stopped_at=None, stopped_reason="")


def _withdrew_since(opening: Opening) -> bool:
    stopped = opening.person.stopped_at
    return bool(stopped and opening.confirmed_at and opening.confirmed_at <= stopped)


@transaction.atomic
def confirm(
    *, membership: Membership, confirmation: Confirmation, by: User | ServiceActor
) -> Membership:
    """Record how the member's own will is evidenced, once, with the consent that goes with it."""
    locked = _lock(membership)
    if locked.confirmation != Confirmation.NONE:
        return locked
    locked.confirmation, locked.confirmed_at = confirmation, timezone.now()
    locked.save(update_fields=["confirmation", "confirmed_at"])
    _write_consents([_opening_of(locked)])
    audit.record(by=by, verb="membership.confirm", target=locked, fields=["confirmation"])
    signals.membership_changed.send(Membership, membership=locked, by=by)
    return locked


def _opening_of(membership: Membership) -> Opening:
    return Opening(
        person=membership.person,
        unit=membership.unit,
        group=membership.group,
        joined_on=membership.joined_on,
        confirmation=membership.confirmation,
        confirmed_at=membership.confirmed_at,
    )


@transaction.atomic
def close(
    *,
    membership: Membership,
    verb: str,
    by: User | ServiceActor,
    reason: str = "",
    ended_on: date | None = None,
    evidence: Attachment | None = None,
) -> Membership:
    """End `membership` by `verb`: resign, expel (needs `evidence`), move_away, record_death, annul.

    An annulled membership was never counted: its movements are reversed on their own days. Pages
    and API come in by `standing.change`, which checks the day.
    """
    require_units(by, Permission.APPROVE_APPLICATION, [membership.unit_id])
    locked = _lock(membership)
    step = history.Step(locked, verb, by=by, reason=reason, evidence=evidence)
    day = max(_past(ended_on), locked.joined_on)
    move(locked, verb, by=by, reason=reason, ended_on=locked.ended_on or day)
    if locked.state == MembershipState.ANNULLED:
        movements.uncount(locked.pk)
    else:
        movements.leave(locked.pk, day)
    end_history(locked, day)
    step.write(locked, day)
    signals.membership_closed.send(Membership, membership=locked, by=by)
    return locked


def _past(day: date | None) -> date:
    """Return `day`, today when none is given; nothing is recorded before it happens."""
    today = timezone.localdate()
    if day is not None and day > today:
        raise Refused(_("This day is still to come. Choose today or an earlier day."),
                      code="future_day", field="day")  # fmt: skip
    return day or today


def end_history(membership: Membership, day: date) -> None:
    """End on `day` where the member belonged, the groups and vehicles; later rows keep no day."""
    for rows in (membership.affiliations, membership.group_history, membership.vehicles):
        later = rows.filter(Q(ended_on=None) | Q(ended_on__gt=day))
        later.update(ended_on=Greatest("started_on", Value(day)))


@transaction.atomic
def retain(
    *,
    membership: Membership,
    by: User | ServiceActor,
    reason_code: str,
    reason: str = "",
    day: date | None = None,
) -> Membership:
    """Keep the membership of somebody out of work or retired; it stays counted.

    `reason_code` is one of `RetainReason`.
    """
    return _turn(membership, "retain", by, day, reason, reason_code)


@transaction.atomic
def reactivate(
    *,
    membership: Membership,
    by: User | ServiceActor,
    reason: str = "",
    day: date | None = None,
) -> Membership:
    """Make a retained membership active again."""
    return _turn(membership, "reactivate", by, day, reason)


def _turn(
    membership: Membership,
    verb: str,
    by: User | ServiceActor,
    day: date | None,
    reason: str,
    reason_code: str = "",
) -> Membership:
    require_units(by, Permission.APPROVE_APPLICATION, [membership.unit_id])
    locked = _lock(membership)
    step = history.Step(locked, verb, by=by, reason=reason, reason_code=reason_code)
    turned = move(locked, verb, by=by, reason=reason)
    step.write(turned, day or timezone.localdate())
    signals.membership_changed.send(Membership, membership=turned, by=by)
    return turned


@transaction.atomic
def move_to_unit(
    *,
    membership: Membership,
    unit: UnionUnit,
    by: User | ServiceActor,
    employer: Employer | None = None,
    moved_on: date | None = None,
    reason: str = "",
) -> Membership:
    """Close the affiliation and open one in `unit`; number and seniority stay (domain.md 2.1).

    Raises `Refused` (`unit_takes_none`, `same_unit`, `stopped`), `Stale` when it has ended.
    """
    require_units(by, Permission.APPROVE_APPLICATION, {membership.unit_id, unit.pk})
    unit = hold_units({membership.unit_id, unit.pk})[unit.pk]
    locked = _lock(membership)
    check_move(locked, unit)
    current = locked.affiliations.get(ended_on=None)
    day = max(_past(moved_on), current.started_on)
    out = _movement(locked, day, -1, MovementKind.TRANSFER_OUT)
    current.ended_on = day
    current.save(update_fields=["ended_on"])
    locked.unit, locked.employer = unit, employer
    locked.save(update_fields=["unit", "employer"])
    Affiliation.objects.create(
        membership=locked, unit=unit, employer=employer, started_on=day, reason=reason[:100]
    )
    movements.write([out, _movement(locked, day, 1, MovementKind.TRANSFER_IN)])
    audit.record(
        by=by,
        verb="membership.move_unit",
        target=locked,
        reason=reason,
        fields=["unit", "employer"],
        data={"unit": str(unit.pk)},
    )
    signals.membership_changed.send(Membership, membership=locked, by=by)
    return locked


def check_move(membership: Membership, unit: UnionUnit) -> None:
    """Raise `Stale` when the membership has ended, `Refused` when it cannot go to `unit`."""
    if not membership.is_open:
        raise Stale(_("This membership has ended. Look again before you act."), code="stale")
    refuse_stopped(membership)
    if membership.unit.is_external:
        raise fed(membership.unit.name)
    if unit.pk == membership.unit_id:
        raise Refused(_("The member is in this unit already."), code="same_unit", field="unit")
    if not unit.takes_members or unit.is_external:
        raise Refused(
            _("“%(unit)s” does not take members itself. Choose a union below it.")
            % {"unit": unit.name},
            code="unit_takes_none",
            field="unit",
        )


def _lock(membership: Membership) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related(
        "unit", "person", "group"
    )
    return rows.get(pk=membership.pk)
