"""What a grant reaches: the unit's subtree and the areas that subtree serves."""

from __future__ import annotations

from members.models import UnionUnit
from members.states import AREA_SERVING_KINDS, UnitKind
from unionportal.core.models import Grant
from unionportal.core.scope import Scope

# What the areas served were before, twice over: their past belongs to whoever serves them now.
BEFORE = "area__precessions__predecessor"
PREDECESSORS = (f"{BEFORE}__path", f"{BEFORE}__precessions__predecessor__path")


def resolve(grants: list[Grant]) -> Scope:
    """Return the scope of `grants` (each with its unit loaded); one query at most."""
    units = [grant.unit for grant in grants]
    if any(unit.kind == UnitKind.DISTRICT for unit in units):
        return Scope(everything=True)
    paths = frozenset(unit.path for unit in units)
    condition = Scope(unit_paths=paths).in_units("")
    served = UnionUnit.objects.filter(condition, kind__in=AREA_SERVING_KINDS)
    rows = served.order_by().values_list("area__path", *PREDECESSORS)
    areas = {path for row in rows for path in row if path}
    return Scope(unit_paths=paths, area_paths=frozenset(areas))
