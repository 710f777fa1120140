"""What is being built: the district in memory, before and while it is written."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field

from django.utils import timezone

from members.models import (
    Area,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    UnionUnit,
    UnitPlacement,
)
from unionportal.synthetic.numbers import Numbers
from unionportal.synthetic.sizes import Size

MONTHS = 60
BRANCH_DEPTH = 2
# The working day's hours, in which people join, answer and activate.
FIRST_HOUR, HOURS = 8, 10


@dataclass(slots=True, eq=False)
class Slot:
    """A unit that takes members: of which groups, for which employers, how many."""

    unit: UnionUnit
    weight: float
    groups: tuple[str, ...]
    since: dt.date
    employers: list[Employer] = field(default_factory=list)
    members: int = 0
    # Several people of one unit known by the phone of one of them (a foreman).
    shared_phone: str = ""

    @property
    def branch(self) -> str:
        """The tree path of the sub-district, town or park it lies in."""
        return branch_of(self.unit.area)


@dataclass(slots=True, eq=False)
class Place:
    """A sub-district, town or park with what hangs on it."""

    area: Area
    union: UnionUnit
    pool: Slot
    weight: float
    communities: list[Area] = field(default_factory=list)
    firm_unions: list[UnionUnit] = field(default_factory=list)


class World:
    """The district, the dice it is thrown with, and the true counts of what was made."""

    def __init__(self, size: Size, random_seed: int, today: dt.date) -> None:
        self.size = size
        self.random_seed = random_seed
        # Drawn again for each seed; nothing secret comes from it.
        self.dice = random.Random(f"{size.name}:{random_seed}")  # noqa: S311
        self.numbers = Numbers(self.dice, today)
        self.today = today
        self._zone = timezone.get_current_timezone()
        self.start = months_before(today.replace(day=1), MONTHS - 1)
        self.areas: list[Area] = []
        self.units: list[UnionUnit] = []
        self.placements: list[UnitPlacement] = []
        self.employers: list[Employer] = []
        self.coverages: list[EmployerCoverage] = []
        self.headcounts: list[EmployerHeadcount] = []
        self.places: list[Place] = []
        self.slots: list[Slot] = []
        self.names: set[str] = set()
        self.union_by_employer: dict[uuid.UUID, UnionUnit] = {}
        self.members_by_employer: Counter[uuid.UUID] = Counter()

    def day(self, first: dt.date, last: dt.date) -> dt.date:
        """Draw a day from `first` to `last`, both included; `first` when they are crossed."""
        return first + dt.timedelta(days=self.dice.randrange(max((last - first).days, 0) + 1))

    def moment(self, day: dt.date) -> dt.datetime:
        """Draw a time of a working day, never in the future."""
        minute, second = divmod(int(self.dice.random() * HOURS * 3600), 60)
        drawn = dt.datetime(
            day.year, day.month, day.day, FIRST_HOUR + minute // 60, minute % 60, second,
            tzinfo=self._zone,
        )  # fmt: skip
        return min(drawn, timezone.now()) if day >= self.today else drawn

    def ago(self, days: int) -> dt.date:
        return self.today - dt.timedelta(days=days)


def branch_of(area: Area | None) -> str:
    """Return the tree path of the sub-district, town or park `area` lies in; "" without one."""
    return area.path[: BRANCH_DEPTH * Area.steplen] if area else ""


def months_before(month: dt.date, count: int) -> dt.date:
    """Return the first day of the month `count` months before the month of `month`."""
    total = month.year * 12 + month.month - 1 - count
    return dt.date(total // 12, total % 12 + 1, 1)
