"""Areas as a tree with counts, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, QuerySet

from members.models import Area, Employer, Membership, UnionUnit
from members.states import OPEN_MEMBERSHIP, UnitStatus
from unionportal.core.identifiers import divisions

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area with what is in it and in the areas below it."""

    area: Area
    units: int
    employers: int
    members: int


def area_rows(user: AnyUser, *, with_ended: bool = False) -> list[AreaRow]:
    """Return the areas `user` may see in tree order with their subtree counts; four queries."""
    areas = Area.objects.visible_to(user)
    return _rows(user, list(areas if with_ended else areas.filter(valid_to=None)))


def area_page(user: AnyUser, area: Area) -> dict[str, Any]:
    """Return what the page of an area shows; `user` may see the area."""
    below = Area.objects.visible_to(user).filter(path__startswith=area.path)
    [own, *rows] = _rows(user, list(below.filter(depth__lte=area.depth + 1)))
    above = Area.objects.get_ancestors(area).order_by().values("pk")
    return {
        "area": area,
        "own": own,
        "rows": rows,
        "above": list(Area.objects.visible_to(user).filter(pk__in=above).order_by("path")),
        "became": Area.objects.filter(precessions__predecessor=area),
        "was": Area.objects.filter(successions__successor=area),
        "division": divisions.find(area.code) if area.code else None,
        "is_known_code": area.code is None or divisions.is_known(area.code),
    }


def _rows(user: AnyUser, areas: list[Area]) -> list[AreaRow]:
    standing = UnionUnit.objects.visible_to(user).exclude(status=UnitStatus.DISSOLVED)
    members = Membership.objects.visible_to(user).filter(state__in=OPEN_MEMBERSHIP)
    counted = [
        _by_area(standing, "area__path"),
        _by_area(Employer.objects.visible_to(user).filter(is_operating=True), "area__path"),
        _by_area(members, "unit__area__path"),
    ]
    return [AreaRow(area, *(_below(counts, area.path) for counts in counted)) for area in areas]


def _by_area(rows: QuerySet[Any], lookup: str) -> dict[str, int]:
    found = rows.order_by().exclude(**{lookup: None}).values(place=F(lookup))
    return {row["place"]: row["n"] for row in found.annotate(n=Count("pk"))}


def _below(counts: dict[str, int], path: str) -> int:
    return sum(count for place, count in counts.items() if place.startswith(path))
