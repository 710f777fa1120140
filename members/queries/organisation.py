"""Units, areas and employers as trees and lists, with what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length, Substr

from members.models import Membership, UnionUnit
from members.states import OPEN_MEMBERSHIP

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

# A first page of the tree with more rows than this is cut one level higher.
TREE_ROWS = 300


@dataclass
class Branch:
    """A tree node with the children that are shown; `hidden` = how many more hang below."""

    node: Any
    children: list[Branch] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return 0 if self.children else int(self.node.numchild)


def unit_forest(user: AnyUser) -> list[Branch]:
    """Return the top of what `user` may see of the unit tree: three levels, two when too many."""
    rows = UnionUnit.objects.visible_to(user)
    top = rows.order_by().aggregate(depth=Min("depth"))["depth"]
    if top is None:
        return []
    shown = list(rows.filter(depth__lte=top + 2).order_by("depth", "path")[: TREE_ROWS + 1])
    if len(shown) > TREE_ROWS:
        shown = [unit for unit in shown if unit.depth <= top + 1][:TREE_ROWS]
    return forest(sorted(shown, key=lambda unit: unit.path))


def forest(nodes: Iterable[Any]) -> list[Branch]:
    """Nest nodes given in path order; one whose parent is not among them is a root."""
    roots: list[Branch] = []
    by_path: dict[str, Branch] = {}
    for node in nodes:
        branch = by_path[node.path] = Branch(node)
        parent = by_path.get(node.path[: -node.steplen])
        (parent.children if parent else roots).append(branch)
    return roots


def units_below(user: AnyUser, unit: UnionUnit) -> QuerySet[UnionUnit]:
    """Return the units directly below `unit` that `user` may see."""
    children = UnionUnit.objects.get_children(unit)
    rows: QuerySet[UnionUnit] = UnionUnit.objects.visible_to(user)
    return rows.filter(pk__in=children.order_by().values("pk"))


def unit_search(user: AnyUser, text: str) -> QuerySet[UnionUnit]:
    """Return the units `user` may see with `text` in their name, with the name above each."""
    parent = UnionUnit.objects.filter(
        path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - UnionUnit.steplen)
    ).order_by()
    named = UnionUnit.objects.visible_to(user).filter(name__contains=text)
    rows: QuerySet[UnionUnit] = named.annotate(above=Subquery(parent.values("name")[:1]))
    return rows


def unit_ancestors(user: AnyUser, unit: UnionUnit) -> list[UnionUnit]:
    """Return the units above `unit` that `user` may see, top first."""
    above = UnionUnit.objects.get_ancestors(unit).order_by().values("pk")
    return list(UnionUnit.objects.visible_to(user).filter(pk__in=above).order_by("path"))


def group_counts(user: AnyUser, unit: UnionUnit) -> list[dict[str, Any]]:
    """Return recorded members of `unit` and the units below it, by group; largest first."""
    units = UnionUnit.objects.filter(path__startswith=unit.path).order_by().values("pk")
    rows = Membership.objects.visible_to(user).filter(state__in=OPEN_MEMBERSHIP, unit_id__in=units)
    found: QuerySet[Any, Any] = rows.order_by().values(
        "group_id", name_zh=F("group__name_zh"), name_en=F("group__name_en")
    )
    return list(found.annotate(members=Count("pk")).order_by("-members", "group_id"))
