"""The truth about what was built, counted while building, never read back from the database."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from members.models import EmployerCoverage
from members.states import UnitStatus
from unionportal.synthetic.plans import Plan
from unionportal.synthetic.world import MONTHS, World, months_before

HEADCOUNT_FLOOR = 25


@dataclass
class Counts:
    """Everything `seed_district` prints; keys are codes, values people, rows or fen."""

    size: str
    random_seed: int
    as_of: dt.date
    parts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, part: str, values: dict[str, int]) -> None:
        """Add counts to a part, which may have some already."""
        known = self.parts.setdefault(part, {})
        known.update({str(key): value for key, value in values.items()})

    def as_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "random_seed": self.random_seed,
            "as_of": self.as_of.isoformat(),
            **self.parts,
        }

    def write(self, path: Path) -> None:
        path.write_text(
            json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )

    def lines(self) -> Iterator[str]:
        """Yield the counts as readable lines."""
        yield f"District “{self.size}”, random seed {self.random_seed}, as of {self.as_of}"
        for part, values in self.parts.items():
            words = ", ".join(f"{key} {value:,}" for key, value in _shown(part, values))
            yield f"  {part.replace('_', ' ')}: {words}"


def _shown(part: str, values: dict[str, int]) -> list[tuple[str, int]]:
    """Of the sixty months the last four are enough for reading."""
    items = list(values.items())
    return items[-4:] if part == "members_at_month_end" else items


def count_organisation(counts: Counts, world: World) -> None:
    """Count areas, units and employers."""
    counts.add("areas_by_level", Counter(area.level for area in world.areas))
    counts.add("units", {"total": len(world.units)})
    counts.add("units_by_kind", Counter(unit.kind for unit in world.units))
    counts.add("units_by_status", Counter(unit.status for unit in world.units))
    firms = world.employers
    counts.add(
        "employers",
        {
            "total": len(firms),
            "operating": sum(firm.is_operating for firm in firms),
            "without_headcount": sum(firm.headcount is None for firm in firms),
            "paying_dues": sum(firm.pays_dues for firm in firms),
        },
    )
    counts.add("employers_by_union_state", Counter(firm.union_state for firm in firms))
    counts.add("unionisation", _unionisation(world))
    counts.add("membership_rate", _membership_rate(world))


def _stands(cover: EmployerCoverage) -> bool:
    return cover.ended_on is None and cover.unit.status == UnitStatus.ESTABLISHED


def _unionisation(world: World) -> dict[str, int]:
    covered = {cover.employer.pk for cover in world.coverages if _stands(cover)}
    operating = [firm for firm in world.employers if firm.is_operating]
    large = [firm for firm in operating if (firm.headcount or 0) >= HEADCOUNT_FLOOR]
    return {
        "numerator": sum(firm.pk in covered for firm in large),
        "denominator": len(large),
        "missing": sum(firm.headcount is None for firm in operating),
    }


def _membership_rate(world: World) -> dict[str, int]:
    firms = {c.employer.pk: c.employer for c in world.coverages if _stands(c)}
    operating = [firm for firm in firms.values() if firm.is_operating]
    known = [firm for firm in operating if firm.headcount is not None]
    return {
        "numerator": sum(world.members_by_employer[firm.pk] for firm in known),
        "denominator": sum(firm.headcount or 0 for firm in known),
        "missing": len(operating) - len(known),
    }


def count_members(counts: Counts, world: World, plans: list[Plan]) -> None:
    """Count members by state, group, area and month, from the plans alone."""
    recorded = [plan for plan in plans if plan.is_open]
    names = {place.area.path: place.area.code or "" for place in world.places}
    counts.add("memberships_by_state", Counter(plan.state for plan in plans))
    counts.add(
        "members",
        {
            "recorded": len(recorded),
            "joined_this_month": sum(
                plan.joined_on >= world.today.replace(day=1) and not plan.is_annulled
                for plan in plans
            ),
            "moved_unit": sum(plan.moved_on is not None for plan in plans),
            "changed_group": sum(plan.reclassified_on is not None for plan in plans),
            "came_back": sum(plan.earlier is not None for plan in plans),
        },
    )
    counts.add("members_by_group", Counter(plan.group for plan in recorded))
    by_area = Counter(names[plan.slot.branch] for plan in recorded)
    counts.add("members_by_area", dict(sorted(by_area.items())))
    counts.add("members_at_month_end", _month_ends(world, plans))


def _month_ends(world: World, plans: list[Plan]) -> dict[str, int]:
    change: Counter[dt.date] = Counter()
    for plan in plans:
        if plan.is_annulled:
            continue
        change[plan.joined_on.replace(day=1)] += 1
        if plan.ended_on is not None:
            change[plan.ended_on.replace(day=1)] -= 1
    stock, stocks = 0, {}
    for back in range(MONTHS - 1, -1, -1):
        month = months_before(world.today, back)
        stock += change[month]
        stocks[f"{month:%Y-%m}"] = stock
    return stocks
