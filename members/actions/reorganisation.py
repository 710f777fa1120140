"""Move many members from their units to another in a few statements, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable
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
from members.models import Employer, Membership, UnionUnit
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
    """Who moved: the memberships' ids in id order."""

    ids: list[UUID]

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
) -> Moved:
    """Close the affiliation of every open one of `memberships` and open one in `unit`.

    Ended memberships and those in `unit` already are left as they are. Number and seniority stay
    (domain.md 2.1). The members get `employer`, or keep their own with `keeps_employer`. A member
    who came after `moved_on` (default today) moves on the day they came. Raises `Refused`
    (`unit_takes_none`, `unit_is_fed`, `future`), `NotAllowed` outside `by`'s reach.
    """
    day = moved_on or timezone.localdate()
    _check_target(unit, day)
    found = list(_lock(memberships).exclude(unit=unit).values_list("pk", "unit_id", "person_id"))
    if not found:
        return Moved([])
    sources = {source for _pk, source, _person in found}
    require_units(by, Permission.APPROVE_APPLICATION, {*sources, unit.pk})
    _refuse_fed(sources)
    moved = Moved([pk for pk, _source, _person in found])
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


def _lock(memberships: QuerySet[Membership] | Iterable[Membership]) -> QuerySet[Membership]:
    """Return the open ones, locked in one order, so that two moves wait instead of clashing."""
    if isinstance(memberships, QuerySet):
        wanted = list(memberships.order_by().values_list("pk", flat=True))
    else:
        wanted = [one.pk for one in memberships]
    rows = Membership.objects.filter(pk__in=wanted, state__in=OPEN_MEMBERSHIP)
    return rows.select_for_update(of=("self",)).order_by("pk")


def _check_target(unit: UnionUnit, day: date) -> None:
    if day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="moved_on")
    current = UnionUnit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    if not current.takes_members or current.is_external:
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
