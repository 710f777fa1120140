"""Move many members from their units to another in a few statements, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions import movements
from members.actions.rights import require_units
from members.actions.unit_locks import hold_units
from members.models import Employer, Membership, Person, UnionUnit
from members.states import OPEN_MEMBERSHIP
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.ids import NEW_ID_SQL
from unionportal.core.models import User
from unionportal.core.roles import Permission

# Whoever moves is written down once, so that every statement below means the same people and
# days. Nobody leaves a unit before the day they came to it.
_PICK = """
CREATE TEMPORARY TABLE moving_member ON COMMIT DROP AS
SELECT one.id, one.person_id, one.group_id, one.unit_id, home.area_id,
       CASE WHEN %(keep)s THEN one.employer_id ELSE %(employer)s::uuid END AS employer_id,
       GREATEST(%(day)s::date, COALESCE(held.started_on, one.joined_on)) AS day
FROM members_membership one
JOIN members_unionunit home ON home.id = one.unit_id
LEFT JOIN members_affiliation held ON held.membership_id = one.id AND held.ended_on IS NULL
WHERE one.id = ANY(%(ids)s)
"""
_CLOSE = """
UPDATE members_affiliation held SET ended_on = moving.day
FROM moving_member moving WHERE held.membership_id = moving.id AND held.ended_on IS NULL
"""
_OPEN = f"""
INSERT INTO members_affiliation (id, membership_id, unit_id, employer_id, started_on, reason)
SELECT {NEW_ID_SQL}, id, %(unit)s, employer_id, day, %(reason)s FROM moving_member
"""  # noqa: S608 - the two parts are constants
_TURN = """
UPDATE members_membership one SET unit_id = %(unit)s, employer_id = moving.employer_id
FROM moving_member moving WHERE one.id = moving.id
"""
_MOVEMENTS = """
SELECT id, unit_id, area_id, group_id, day, -1, 'transfer_out' FROM moving_member
UNION ALL
SELECT id, %(unit)s, %(area)s::uuid, group_id, day, 1, 'transfer_in' FROM moving_member
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """Who moved: the memberships' ids in id order; and how many were left where they are because
    they withdrew their consent."""

    ids: list[UUID]
    stopped: int = 0

    def __len__(self) -> int:
        return len(self.ids)


@transaction.atomic
def transfer_members(
    *,
    by: User | ServiceActor,
    memberships: QuerySet[Membership] | Iterable[Membership],
    unit: UnionUnit,
    employer: Employer | None = None,
    keeps_employer: bool = False,
    moved_on: date | None = None,
    reason: str = "",
    takes_stopped: bool = False,
) -> Moved:
    """Close the affiliation of every open one of `memberships` and open one in `unit`.

    Ended memberships and those in `unit` already are left as they are. Number and seniority stay
    (domain.md 2.1). The members get `employer`, or keep their own with `keeps_employer`. A member
    who came after `moved_on` (default today) moves on the day they came. Who withdrew the consent
    to membership stays behind, unless the union itself goes (`takes_stopped`): then the record is
    only stored elsewhere (PIPL 47). Raises `Refused`
    (`unit_takes_none`, `unit_is_fed`, `future`), `NotAllowed` outside `by`'s reach.
    """
    day = moved_on or timezone.localdate()
    wanted = _homes(memberships)
    unit = hold_units({*wanted.values(), unit.pk})[unit.pk]
    _check_target(unit, day)
    locked = [row for row in _lock(wanted, unit) if wanted[row[0]] == row[1]]
    stopped = set() if takes_stopped else _stopped(locked)
    found = [row for row in locked if row[2] not in stopped]
    if not found:
        return Moved([], len(stopped))
    sources = {source for _pk, source, _person in found}
    require_units(by, Permission.APPROVE_APPLICATION, {*sources, unit.pk})
    _refuse_fed(sources)
    moved = Moved([pk for pk, _source, _person in found], len(stopped))
    _write(moved, unit, employer, keeps_employer, day, reason)
    audit.record_many(
        by=by,
        verb="membership.move_unit",
        model=Membership,
        moves=[(pk, "", "") for pk in moved.ids],
        reason=reason,
        fields=["unit", "employer"],
    )
    people = [person for _pk, _source, person in found]
    signals.memberships_moved.send(Membership, person_ids=people, by=by)
    return moved


def _homes(memberships: QuerySet[Membership] | Iterable[Membership]) -> dict[UUID, UUID]:
    """Return where each of them is, as far as they are open."""
    if isinstance(memberships, QuerySet):
        rows = memberships.order_by()
    else:
        rows = Membership.objects.filter(pk__in=[one.pk for one in memberships])
    return dict(rows.filter(state__in=OPEN_MEMBERSHIP).values_list("pk", "unit_id"))


def _lock(wanted: Collection[UUID], unit: UnionUnit) -> QuerySet[Membership, Any]:
    """Return the open ones, locked in one order, so that two moves wait instead of clashing."""
    rows = Membership.objects.filter(pk__in=wanted, state__in=OPEN_MEMBERSHIP).exclude(unit=unit)
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    return locked.values_list("pk", "unit_id", "person_id")


def _stopped(rows: list[tuple[UUID, UUID, UUID]]) -> set[UUID]:
    people = Person.objects.filter(pk__in=[row[2] for row in rows], stopped_at__isnull=False)
    return set(people.values_list("pk", flat=True))


def _check_target(unit: UnionUnit, day: date) -> None:
    if day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="moved_on")
    if not unit.takes_members or unit.is_external:
        raise Refused(
            _("“%(unit)s” does not take members itself. Choose a union below it.")
            % {"unit": unit.name},
            code="unit_takes_none",
            field="unit",
        )


def _refuse_fed(unit_ids: set[UUID]) -> None:
    fed = UnionUnit.objects.filter(pk__in=unit_ids, is_external=True).first()
    if fed is not None:
        raise Refused(
            _("The members of “%(unit)s” are kept by its own system. Ask it to move them.")
            % {"unit": fed.name},
            code="unit_is_fed",
        )


def _write(
    moved: Moved,
    unit: UnionUnit,
    employer: Employer | None,
    keeps_employer: bool,
    day: date,
    reason: str,
) -> None:
    pick: dict[str, Any] = {
        "ids": moved.ids,
        "day": day,
        "keep": keeps_employer,
        "employer": employer.pk if employer else None,
    }
    target = {"unit": unit.pk, "area": unit.area_id, "reason": reason[:100]}
    with connection.cursor() as cursor:
        # A second call in one transaction finds the first one's table.
        cursor.execute("DROP TABLE IF EXISTS pg_temp.moving_member")
        cursor.execute(_PICK, pick)
        cursor.execute(_CLOSE)
        cursor.execute(_OPEN, target)
        cursor.execute(_TURN, target)
    movements.write_query(_MOVEMENTS, target)
