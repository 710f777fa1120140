"""Stock, flow and rates of members (definitions: domain.md section 9).

Counts come from movements, so any past day can be asked for; month ends come from the monthly
flows, which are the same movements folded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Left

from members.models import (
    Affiliation,
    Area,
    Employer,
    EmployerCoverage,
    EmployerPastArea,
    Membership,
    MonthlyFlow,
    Movement,
    UnionUnit,
)
from members.queries.structure import units_below_on
from members.states import MembershipState, MovementKind
from unionportal.core.ranges import open_on
from unionportal.core.roles import Permission
from unionportal.core.scope import scope_of

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

# Version 1 of both rates. The floor is the 25 of the Trade Union Law, art. 11.
DEFINITION_VERSION = "1"
HEADCOUNT_FLOOR = 25
# Tree depth of sub-districts, towns and parks below the district.
AREA_DEPTH = 2


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """One area × group × month: `members` is the stock at the month's end."""

    area: Area | None
    group: str
    month: date
    members: int
    came: int
    went: int
    joined: int


@dataclass(frozen=True, slots=True)
class AreaRate:
    """A rate of one area; `missing` counts employers without a headcount, never guessed."""

    area: Area | None
    numerator: int
    denominator: int
    missing: int


def coverage_cells(
    user: AnyUser, *, month_from: date, month_to: date, depth: int = AREA_DEPTH
) -> list[CoverageCell]:
    """Return members by area (folded to `depth`) × group × month, months given by any day in them.

    Cells without anybody are left out. Two queries and one for the areas.
    """
    first, last = month_from.replace(day=1), month_to.replace(day=1)
    rows = _flows(user, depth).filter(month__lte=last)
    stock = _stock_before(rows, first)
    flows = {
        (row["branch"], row["group_id"], row["month"]): row
        for row in rows.filter(month__gte=first)
        .values("branch", "group_id", "month")
        .annotate(came=Sum("came"), went=Sum("went"), joined=Sum("joined"))
    }
    areas = {area.path: area for area in Area.objects.filter(depth__lte=depth)}
    keys = sorted({*stock, *((branch, group) for branch, group, _m in flows)}, key=str)
    cells: list[CoverageCell] = []
    for branch, group in keys:
        members = stock.get((branch, group), 0)
        for month in months(first, last):
            row = flows.get((branch, group, month), {"came": 0, "went": 0, "joined": 0})
            members += row["came"] - row["went"]
            if members or row["came"] or row["went"]:
                cells.append(
                    CoverageCell(
                        areas.get(branch), group, month, members,
                        row["came"], row["went"], row["joined"],
                    )
                )  # fmt: skip
    return cells


def months(first: date, last: date) -> Iterable[date]:
    """Yield the first day of every month from `first` to `last`."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _flows(user: AnyUser, depth: int) -> QuerySet[Any, Any]:
    rows = MonthlyFlow.objects.annotate(branch=Left("area__path", depth * Area.steplen))
    if scope_of(user, Permission.VIEW_REPORTS).everything:
        return rows
    areas = Area.objects.visible_to(user, Permission.VIEW_REPORTS)
    return rows.filter(area_id__in=areas.order_by().values("id"))


def _stock_before(rows: QuerySet[Any, Any], first: date) -> dict[tuple[str, str], int]:
    sums = (
        rows.filter(month__lt=first)
        .values("branch", "group_id")
        .annotate(stock=Sum(F("came") - F("went")))
    )
    return {(row["branch"], row["group_id"]): row["stock"] for row in sums}


def _movements(user: AnyUser, day: date) -> QuerySet[Movement]:
    """Movements that count for `user` up to `day`: of units that hung below the own ones on that
    day, and in the own areas as they were when each person moved. A unit that moved away since
    still counts where it was."""
    scope = scope_of(user, Permission.VIEW_MEMBERS)
    if scope.everything:
        return Movement.objects.all()
    own = UnionUnit.objects.filter(path__in=scope.unit_paths).order_by()
    units = units_below_on(own.values_list("pk", flat=True), day)
    areas = Area.objects.filter(scope.in_areas("")).order_by().values("pk")
    return Movement.objects.filter(Q(unit_id__in=units) | Q(area_id__in=areas))


def members_as_of(user: AnyUser, day: date) -> int:
    """Return how many memberships `user` may see were recorded (active or retained) on `day`."""
    month = date(1, 1, 1)
    stock = 0
    if scope_of(user, Permission.VIEW_MEMBERS).everything:
        # The months before are folded already; only this month's movements are counted.
        month = day.replace(day=1)
        flows = MonthlyFlow.objects.filter(month__lt=month)
        stock = flows.aggregate(n=Sum(F("came") - F("went"), default=0))["n"]
    rows = _movements(user, day).filter(day__range=(month, day))
    return int(stock + rows.aggregate(n=Sum("delta", default=0))["n"])


def members_by_group(user: AnyUser, day: date) -> dict[str, int]:
    """Return recorded members on `day` by group code."""
    rows = _movements(user, day).filter(day__lte=day).order_by().values("group_id")
    return {row["group_id"]: row["n"] for row in rows.annotate(n=Sum("delta"))}


def joined_between(user: AnyUser, first: date, last: date) -> int:
    """Return how many joined from `first` to `last`; annulled ones never counted."""
    rows = _movements(user, last).filter(kind=MovementKind.JOIN, day__range=(first, last))
    return rows.exclude(_annulled()).count()


def unionisation(user: AnyUser, day: date, *, depth: int = AREA_DEPTH) -> list[AreaRate]:
    """Return per area: employers covered on `day` ÷ operating employers with 25 or more employees.

    Headcount and area are those of `day`. `missing`: operating employers without a headcount, in
    neither part.
    """
    rows = _operating(user, day, depth).values("branch").order_by("branch")
    large = Q(counted__employees__gte=HEADCOUNT_FLOOR)
    sums = rows.annotate(
        numerator=Count("pk", filter=large & Q(pk__in=_covered(day))),
        denominator=Count("pk", filter=large),
        missing=Count("pk", filter=Q(counted=None)),
    )
    return _rates(sums, depth)


def membership_rate(user: AnyUser, day: date, *, depth: int = AREA_DEPTH) -> list[AreaRate]:
    """Return per area: members affiliated on `day` to covered employers ÷ their headcount.

    `missing`: covered employers without a headcount; their members are left out too.
    """
    covered = _operating(user, day, depth).filter(pk__in=_covered(day)).order_by("branch")
    sums = {
        row["branch"]: {"numerator": 0, **row}
        for row in covered.values("branch").annotate(
            denominator=Sum("counted__employees", default=0),
            missing=Count("pk", filter=Q(counted=None)),
        )
    }
    counted = covered.exclude(counted=None).order_by()
    branches = dict(counted.values_list("pk", "branch"))
    # One row an employer: the branch of each is known, and need not be found for every member.
    for employer, members in _affiliated(day).filter(employer_id__in=counted.values("pk")):
        sums[branches[employer]]["numerator"] += members
    return _rates(sums.values(), depth)


def _operating(user: AnyUser, day: date, depth: int) -> QuerySet[Any, Any]:
    """Operating employers with the count in force on `day` and the branch they lay in then."""
    rows = Employer.objects.visible_to(user).filter(is_operating=True)
    return rows.annotate(
        counted=FilteredRelation("headcounts", condition=open_on(day, "headcounts__")),
        branch=_branch_on(day, depth),
    )


def _branch_on(day: date, depth: int) -> Left:
    """The first `depth` levels of an employer's area on `day`: a past one, or today's."""
    past = EmployerPastArea.objects.filter(
        Q(started_on=None) | Q(started_on__lte=day),
        ended_on__gt=day,
        employer=OuterRef("pk"),
    )
    path = Coalesce(Subquery(past.values("area__path")[:1]), F("area__path"))
    return Left(path, depth * Area.steplen)


def _covered(day: date) -> QuerySet[Any, Any]:
    """Ids of employers a unit covers on `day` that was established and not dissolved by then."""
    standing = Q(unit__established_on__lte=day) & (
        Q(unit__dissolved_on=None) | Q(unit__dissolved_on__gt=day)
    )
    rows = EmployerCoverage.objects.filter(standing, open_on(day))
    return rows.order_by().values("employer_id")


def _affiliated(day: date) -> QuerySet[Any, Any]:
    """(employer, members affiliated to it on `day`)."""
    rows = Affiliation.objects.filter(open_on(day)).exclude(_annulled())
    grouped = rows.order_by().values("employer_id").annotate(n=Count("membership_id"))
    found: QuerySet[Any, Any] = grouped.values_list("employer_id", "n")
    return found


def _annulled() -> Exists:
    annulled = Membership.objects.filter(state=MembershipState.ANNULLED)
    return Exists(annulled.filter(pk=OuterRef("membership_id")))


def _rates(rows: Iterable[dict[str, object]], depth: int) -> list[AreaRate]:
    areas = {area.path: area for area in Area.objects.filter(depth__lte=depth)}
    return [
        AreaRate(
            area=areas.get(str(row["branch"])),
            numerator=int(str(row["numerator"])),
            denominator=int(str(row["denominator"])),
            missing=int(str(row["missing"])),
        )
        for row in rows
    ]


def total(rates: Iterable[AreaRate]) -> AreaRate:
    """Return the sum of `rates` as one rate without an area."""
    sums: dict[str, int] = defaultdict(int)
    for rate in rates:
        sums["numerator"] += rate.numerator
        sums["denominator"] += rate.denominator
        sums["missing"] += rate.missing
    return AreaRate(None, sums["numerator"], sums["denominator"], sums["missing"])
