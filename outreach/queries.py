"""Reads of drives: the board, progress, which drive an application counts for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from members.models import Application, Area, UnionUnit, WorkerGroup
from members.states import ApplicationState
from outreach.models import (
    Drive,
    DriveEnrolment,
    JoinCode,
    KnownJoin,
    PatchAssignment,
    Target,
)
from outreach.rules import (
    ancestors_of,
    covering,
    days_gone,
    needed_a_week,
    pace,
    read_code,
)
from unionportal.core.models import User
from unionportal.core.ranges import open_on
from unionportal.core.rates import share
from unionportal.core.roles import Permission
from unionportal.core.scope import scope_of

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

RECENT = dt.timedelta(weeks=4)
ASSIGNABLE_ROLES = ("field_officer", "subdistrict_officer", "district_officer")


@dataclass(frozen=True)
class Cell:
    """People who joined against the target of one area and group (or of a sum of such)."""

    actual: int
    target: int
    gone: int
    total: int
    area_id: UUID | None = None
    group_code: str = ""

    @property
    def percent(self) -> Decimal | None:
        return share(self.actual, self.target, 0)

    @property
    def pace(self) -> str:
        return pace(self.actual, self.target, self.gone, self.total)

    @property
    def mark(self) -> str:
        """▾ or ▴ on the outer steps; colour alone would not be seen by everybody."""
        return {"behind-2": "▾", "ahead-2": "▴"}.get(self.pace, "")


@dataclass(frozen=True)
class Row:
    area: Area
    cells: list[Cell]
    sum: Cell


@dataclass(frozen=True)
class Board:
    """A drive's areas × groups: actual, target and percent, with sums, as of a moment."""

    drive: Drive
    groups: list[WorkerGroup]
    rows: list[Row]
    totals: list[Cell]
    sum: Cell
    as_of: dt.datetime
    # Joined through the drive in an area or group without a target.
    outside: int = 0
    behind: int = field(init=False)
    with_target: int = field(init=False)

    def __post_init__(self) -> None:
        cells = [cell for row in self.rows for cell in row.cells if cell.target]
        object.__setattr__(self, "with_target", len(cells))
        object.__setattr__(self, "behind", sum(cell.pace == "behind-2" for cell in cells))

    @property
    def cells(self) -> list[Cell]:
        """Cells with a target or with people, row by row."""
        return [c for row in self.rows for c in row.cells if c.target or c.actual]


@dataclass(frozen=True)
class Progress:
    """How far a drive is: people against target, days against period."""

    drive: Drive
    actual: int
    target: int
    waiting: int
    gone: int
    total: int

    @property
    def percent(self) -> Decimal | None:
        return share(self.actual, self.target)

    @property
    def plan(self) -> Decimal | None:
        return share(self.gone, self.total)

    @property
    def is_late(self) -> bool:
        return pace(self.actual, self.target, self.gone, self.total) == "behind-2"

    @property
    def points_off(self) -> Decimal | None:
        """Percentage points off the plan, below zero when behind; None without a target."""
        if self.percent is None or self.plan is None:
            return None
        return self.percent - self.plan

    @property
    def is_behind(self) -> bool:
        return self.points_off is not None and self.points_off < 0

    @property
    def points_size(self) -> Decimal | None:
        """Points ahead or behind, without the sign."""
        return None if self.points_off is None else abs(self.points_off)

    @property
    def a_week(self) -> int | None:
        return needed_a_week(self.actual, self.target, self.total - self.gone)


def board_of(drive: Drive, user: AnyUser) -> Board:
    """Return the board of `drive`, cut to the areas `user` reaches; a fixed number of queries."""
    today = timezone.localdate()
    gone, total = days_gone(drive.started_on, drive.ended_on, today)
    areas, groups = list(drive.areas.all()), list(drive.groups.all())
    targets = _targets(drive)
    joined = _joined_by_cell(drive)

    def cell(area_id: UUID, code: str) -> Cell:
        key = (area_id, code)
        return Cell(joined.get(key, 0), targets.get(key, 0), gone, total, area_id, code)

    def add(cells: Iterable[Cell], area_id: UUID | None = None, code: str = "") -> Cell:
        cells = list(cells)
        actual, target = sum(c.actual for c in cells), sum(c.target for c in cells)
        return Cell(actual, target, gone, total, area_id, code)

    rows = []
    for area in _in_reach(drive, areas, user):
        cells = [cell(area.pk, group.code) for group in groups]
        rows.append(Row(area, cells, add(cells, area.pk)))
    totals = [
        add((row.cells[n] for row in rows), code=group.code) for n, group in enumerate(groups)
    ]
    return Board(
        drive, groups, rows, totals, add(totals), timezone.now(),
        outside=_outside(joined, areas, groups),
    )  # fmt: skip


def _outside(
    joined: Mapping[tuple[UUID, str], int],
    areas: Sequence[Area],
    groups: Sequence[WorkerGroup],
) -> int:
    ids, codes = {area.pk for area in areas}, {group.code for group in groups}
    return sum(n for (area, code), n in joined.items() if area not in ids or code not in codes)


def _in_reach(drive: Drive, areas: list[Area], user: AnyUser) -> list[Area]:
    scope = scope_of(user, Permission.VIEW_DRIVES)
    if scope.everything:
        return areas
    above = ancestors_of(scope.area_paths)
    owned = any(drive.owner.path.startswith(path) for path in scope.unit_paths)
    return [
        area
        for area in areas
        if owned or area.path in above or covering(area.path, scope.area_paths)
    ]


def _targets(drive: Drive) -> dict[tuple[UUID, str], int]:
    rows = Target.objects.filter(drive=drive).values_list("area_id", "group_id", "count")
    return {(area, group): count for area, group, count in rows}


def _joined_by_cell(drive: Drive) -> dict[tuple[UUID, str], int]:
    rows = (
        DriveEnrolment.objects.filter(drive=drive)
        .joined()
        .values("area_id", "group_id")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {(row["area_id"], row["group_id"]): row["n"] for row in rows}


def progress_of(drives: Sequence[Drive]) -> list[Progress]:
    """Return the progress of `drives` in their order; two queries whatever their number."""
    today = timezone.localdate()
    ids = [drive.pk for drive in drives]
    targets = dict(
        Target.objects.filter(drive_id__in=ids)
        .values_list("drive_id").annotate(n=Sum("count")).order_by()
    )  # fmt: skip
    counts = _enrolment_counts(ids)
    found = []
    for drive in drives:
        gone, total = days_gone(drive.started_on, drive.ended_on, today)
        joined, waiting = counts.get(drive.pk, (0, 0))
        found.append(Progress(drive, joined, targets.get(drive.pk, 0), waiting, gone, total))
    return found


def _enrolment_counts(drive_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return {drive: (joined, waiting for a decision)}."""
    joined = Q(application__state=ApplicationState.APPROVED) & ~Q(
        application__membership__state="annulled"
    )
    open_ = Q(application__state__in=(ApplicationState.SUBMITTED, ApplicationState.RETURNED))
    rows = (
        DriveEnrolment.objects.filter(drive_id__in=drive_ids)
        .values("drive_id")
        .annotate(joined=Count("pk", filter=joined), waiting=Count("pk", filter=open_))
        .order_by()
    )
    return {row["drive_id"]: (row["joined"], row["waiting"]) for row in rows}


def open_drives_progress(user: AnyUser, limit: int = 5) -> list[Progress]:
    """Return the progress of the running drives `user` sees, newest first."""
    drives = Drive.objects.visible_to(user).running(timezone.localdate())
    return progress_of(list(drives.order_by("-started_on", "-pk")[:limit]))


def weekly_average(drive: Drive) -> int:
    """Return how many joined per week over the last four weeks, half up."""
    since = timezone.now() - RECENT
    recent = DriveEnrolment.objects.filter(drive=drive, application__closed_at__gte=since)
    return (recent.joined().count() * 2 + 4) // 8


def state_counts(drive: Drive, user: AnyUser) -> dict[str, int]:
    """Return the number of applications of the drive by state, of those `user` may see."""
    rows = DriveEnrolment.objects.visible_to(user).filter(drive=drive)
    return dict(rows.values_list("application__state").annotate(n=Count("pk")).order_by())


def join_code(typed: str) -> JoinCode | None:
    """Return the code somebody typed or scanned, whether it works or not; None when unknown."""
    code = read_code(typed)
    if not code:
        return None
    found = JoinCode.objects.filter(code=code)
    return found.select_related("drive", "unit", "unit__area", "area").first()


def assignable_officers(user: AnyUser) -> list[User]:
    """Return officers who enrol people, with a grant today in units `user` manages drives for."""
    units = UnionUnit.objects.visible_to(user, Permission.MANAGE_DRIVES)
    holders = User.objects.filter(
        open_on(timezone.localdate(), "grants__"),
        grants__role__in=ASSIGNABLE_ROLES,
        grants__unit__in=units.order_by(),
        is_active=True,
    )
    return list(holders.distinct().order_by("display_name", "pk"))


def patches_of(drive: Drive) -> list[PatchAssignment]:
    """Return who answers for which area of the drive, in the areas' order."""
    patches = drive.patches.select_related("officer", "area")
    return list(patches.order_by("area__path", "started_on", "pk"))


@dataclass(frozen=True)
class RunningDrive:
    """What matching needs of a drive, read once for many applications."""

    drive: Drive
    area_by_path: dict[str, UUID]
    groups: frozenset[str]

    def area_for(self, path: str) -> UUID | None:
        """Return the drive's area that holds the tree path; the deepest when several do."""
        found = covering(path, self.area_by_path)
        return self.area_by_path[found] if found else None


def running_drives(day: dt.date) -> list[RunningDrive]:
    """Return the drives people can come in through on `day`, latest opened first."""
    drives = Drive.objects.running(day).order_by("-opened_at", "-pk")
    return [read_drive(drive) for drive in drives.prefetch_related("areas", "groups")]


def read_drive(drive: Drive) -> RunningDrive:
    """Return `drive` with its areas and groups for matching."""
    areas = {area.path: area.pk for area in drive.areas.all()}
    return RunningDrive(drive, areas, frozenset(group.pk for group in drive.groups.all()))


def known_joins(drive: Drive) -> QuerySet[KnownJoin]:
    """Return who scanned a code of `drive` although known already."""
    rows = KnownJoin.objects.filter(join_code__drive=drive)
    return rows.select_related("join_code", "application").defer(
        "application__id_number", "application__phone"
    )


def applications_in_reach(rows: Iterable[KnownJoin], user: AnyUser) -> set[UUID]:
    """Return the ids of the applications behind `rows` that `user` may see."""
    ids = [row.application_id for row in rows if row.application_id]
    mine = Application.objects.visible_to(user).filter(pk__in=ids)
    return set(mine.values_list("pk", flat=True))
