"""Coverage: members by group × area × month against target, and the two rates by area.

Definitions: domain.md section 9. Page, API and xlsx all come from here.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from django.db.models import Count, Sum
from django.db.models.functions import Left, TruncMonth
from django.utils import timezone

from members.models import Area, WorkerGroup
from members.queries import AreaRate, coverage_cells, membership_rate, unionisation
from members.queries.coverage import AREA_DEPTH
from outreach.models import Drive, DriveEnrolment, Target
from unionportal.core.rates import share

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

By = Literal["cell", "area", "group", "month"]
MONTHS_MAX = 24
# Drive, area folded to sub-districts and towns, group.
Place = tuple[object, str, str]
_BRANCH = Left("area__path", AREA_DEPTH * Area.steplen)


@dataclass(frozen=True, slots=True)
class Row:
    """Members at the month's end in an area and group (None = all), against the drives' target.

    `target` and `enrolled` belong to the drives that run in the month: who was to be enrolled by
    them, who has been so far. `joined` counts new memberships of the month.
    """

    area: Area | None
    group: WorkerGroup | None
    month: dt.date
    members: int
    joined: int
    target: int
    enrolled: int

    @property
    def percent(self) -> Decimal | None:
        """Enrolled ÷ target in percent; None without a target."""
        return share(self.enrolled, self.target)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, first to last."""

    first: dt.date
    last: dt.date

    @classmethod
    def ending(cls, month: dt.date, months: int) -> Period:
        last = month.replace(day=1)
        index = last.year * 12 + last.month - months
        return cls(dt.date(index // 12, index % 12 + 1, 1), last)

    @property
    def months(self) -> int:
        years = self.last.year - self.first.year
        return years * 12 + self.last.month - self.first.month + 1

    @property
    def end(self) -> dt.date:
        """The day after the last month."""
        return (self.last + dt.timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked: which months, and one area (with all below it) or group, if any."""

    period: Period
    area: Area | None = None
    group: str = ""


def coverage(user: AnyUser, filters: Filters, by: By = "cell") -> list[Row]:
    """Return coverage rows of what `user` may see, summed up as `by` says, in tree order.

    A fixed number of queries. Months stay apart; `by` area sums over groups, and so on.
    """
    return _fold(_cells(user, filters), by)


def coverage_ways(user: AnyUser, filters: Filters, *ways: By) -> list[list[Row]]:
    """Return `coverage` summed up in several ways; the database is asked once."""
    cells = _cells(user, filters)
    return [_fold(cells, by) for by in ways]


def _cells(user: AnyUser, filters: Filters) -> list[Row]:
    groups = {group.pk: group for group in WorkerGroup.objects.all()}
    cells = [
        Row(cell.area, groups.get(cell.group), cell.month, cell.members, cell.joined, 0, 0)
        for cell in coverage_cells(
            user, month_from=filters.period.first, month_to=filters.period.last
        )
    ]
    return [row for row in [*cells, *_targets(user, filters, groups)] if _fits(row, filters)]


def _fits(row: Row, filters: Filters) -> bool:
    in_area = filters.area is None or (
        row.area is not None and row.area.path.startswith(filters.area.path)
    )
    return in_area and (
        not filters.group or (row.group is not None and row.group.pk == filters.group)
    )


def _fold(rows: Iterable[Row], by: By) -> list[Row]:
    sums: dict[tuple[str, int, dt.date], list[Row]] = defaultdict(list)
    for row in rows:
        area = row.area if by in ("cell", "area") else None
        group = row.group if by in ("cell", "group") else None
        place = area.path if area else "~"
        sums[place, group.order if group else 999, row.month].append(
            Row(area, group, row.month, row.members, row.joined, row.target, row.enrolled)
        )
    return [_sum(found) for _key, found in sorted(sums.items(), key=lambda item: item[0])]


def _sum(rows: Sequence[Row]) -> Row:
    first = rows[0]
    return Row(
        first.area, first.group, first.month,
        *(sum(getattr(row, name) for row in rows)
          for name in ("members", "joined", "target", "enrolled")),
    )  # fmt: skip


def _targets(user: AnyUser, filters: Filters, groups: dict[str, WorkerGroup]) -> list[Row]:
    """Targets of the drives that run in each month, and who came in through them by its end."""
    drives = list(
        Drive.objects.visible_to(user)
        .filter(started_on__lt=filters.period.end, ended_on__gte=filters.period.first)
        .exclude(state="draft")
    )
    areas = {area.path: area for area in Area.objects.filter(depth__lte=AREA_DEPTH)}
    wanted = _targets_of(drives)
    came = _came_in(drives)
    found = []
    for month in _months(filters.period):
        running = {d.pk for d in drives if d.started_on < _next(month) and d.ended_on >= month}
        for key in sorted({*wanted, *came}, key=str):
            drive_id, branch, group_id = key
            done = sum(n for first, n in came.get(key, ()) if first <= month)
            if drive_id in running and (key in wanted or done):
                area, group = areas.get(branch), groups.get(group_id)
                found.append(Row(area, group, month, 0, 0, wanted.get(key, 0), done))
    return found


def _targets_of(drives: Sequence[Drive]) -> dict[Place, int]:
    rows = Target.objects.filter(drive__in=drives).order_by()
    sums = rows.values("drive_id", "group_id", branch=_BRANCH).annotate(n=Sum("count"))
    return {_place_of(row): row["n"] for row in sums}


def _came_in(drives: Sequence[Drive]) -> dict[Place, list[tuple[dt.date, int]]]:
    """Return who came in through the drives as [(month, people)]; one query for all months."""
    rows = DriveEnrolment.objects.filter(drive__in=drives).joined().order_by()
    month = TruncMonth("application__membership__joined_on")
    counts = rows.values("drive_id", "group_id", branch=_BRANCH, month=month)
    found: dict[Place, list[tuple[dt.date, int]]] = defaultdict(list)
    for row in counts.annotate(n=Count("pk")):
        found[_place_of(row)].append((row["month"], row["n"]))
    return found


def _place_of(row: Any) -> Place:
    return row["drive_id"], row["branch"], row["group_id"]


def _months(period: Period) -> Iterable[dt.date]:
    month = period.first
    while month <= period.last:
        yield month
        month = _next(month)


def _next(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class RateRow:
    """Both rates of an area on a day, each with its base and what is missing from it."""

    area: Area | None
    covered: int
    employers: int
    employers_missing: int
    members: int
    employees: int
    employees_missing: int

    @property
    def unionisation_percent(self) -> Decimal | None:
        return share(self.covered, self.employers)

    @property
    def membership_percent(self) -> Decimal | None:
        return share(self.members, self.employees)


_PARTS = ("covered", "employers", "employers_missing", "members", "employees", "employees_missing")


def rates(user: AnyUser, day: dt.date) -> list[RateRow]:
    """Return the unionisation and membership rate of every area `user` may see on `day`."""
    unions = {_place(rate): rate for rate in unionisation(user, day)}
    people = {_place(rate): rate for rate in membership_rate(user, day)}
    nothing = AreaRate(None, 0, 0, 0)
    found = []
    for place in sorted({*unions, *people}):
        union, member = unions.get(place, nothing), people.get(place, nothing)
        found.append(
            RateRow(
                union.area or member.area,
                union.numerator,
                union.denominator,
                union.missing,
                member.numerator,
                member.denominator,
                member.missing,
            )  # fmt: skip
        )
    return found


def total(rows: Sequence[RateRow]) -> RateRow:
    """Return the sum of `rows`: rates add up by their parts, never by averaging."""
    names = (
        "covered",
        "employers",
        "employers_missing",
        "members",
        "employees",
        "employees_missing",
    )
    return RateRow(None, *(sum(getattr(row, name) for row in rows) for name in names))


def _place(rate: AreaRate) -> str:
    return rate.area.path if rate.area else "~"


def this_month() -> dt.date:
    """Return the first day of the present month in Asia/Shanghai."""
    return timezone.localdate().replace(day=1)
