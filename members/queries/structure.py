"""The tree as it was on a day, and what a change of it would move."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, Sum

from members.models import Application, EmployerCoverage, Membership, Movement, UnionUnit
from members.states import OPEN_APPLICATION, OPEN_MEMBERSHIP, MembershipState, UnitStatus

_BELOW = """
WITH RECURSIVE below (id) AS (
  SELECT unnest(%(units)s::uuid[])
  UNION
  SELECT placed.unit_id FROM members_unitplacement placed JOIN below ON placed.parent_id = below.id
  WHERE placed.started_on <= %(day)s AND (placed.ended_on IS NULL OR placed.ended_on > %(day)s)
)
SELECT id FROM below
"""


def units_below_on(units: Iterable[UUID], day: date) -> list[UUID]:
    """Return `units` and every unit that hung below one of them on `day`, by the placements."""
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"units": list(units), "day": day})
        return [row[0] for row in cursor.fetchall()]


def members_below_on(unit: UnionUnit, day: date) -> int:
    """Return how many members were recorded on `day` in `unit` and what hung below it that day."""
    rows = Movement.objects.filter(unit_id__in=units_below_on([unit.pk], day), day__lte=day)
    return int(rows.aggregate(n=Sum("delta", default=0))["n"])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a split, merger or closing takes along; counts of people once each."""

    active: int
    retained: int
    employers: int
    applications: int
    units: list[UnionUnit]

    @property
    def members(self) -> int:
        return self.active + self.retained


def plan_of(
    memberships_in: Q, *, units: Collection[UnionUnit], employers: Collection[UUID] | None = None
) -> Plan:
    """Return what leaves `units`: the members matching `memberships_in`, their employers' coverage.

    `employers` narrows the coverage to these. Three queries.
    """
    ids = [unit.pk for unit in units]
    rows = Membership.objects.filter(memberships_in, unit_id__in=ids, state__in=OPEN_MEMBERSHIP)
    states = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    covered = EmployerCoverage.objects.filter(unit_id__in=ids, ended_on=None)
    if employers is not None:
        covered = covered.filter(employer_id__in=employers)
    waiting = Application.objects.filter(unit_id__in=ids, state__in=OPEN_APPLICATION)
    return Plan(
        active=states.get(MembershipState.ACTIVE, 0),
        retained=states.get(MembershipState.RETAINED, 0),
        employers=covered.values("employer").distinct().count(),
        applications=waiting.count(),
        units=list(units),
    )


def standing_below(unit: UnionUnit) -> list[UnionUnit]:
    """Return `unit` and the units below it that are not dissolved, in tree order."""
    rows = UnionUnit.objects.filter(path__startswith=unit.path)
    return list(rows.exclude(status=UnitStatus.DISSOLVED).order_by("path"))
