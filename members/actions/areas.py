"""Add areas and end them; what lay in one that ended goes on in its successors.

Divisions change (domain.md section 4.2). Nothing is moved in the tree: an area that ended keeps
its rows, so that every past day reports as it was, and the areas below it go on as new rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions import movements
from members.actions.employers import leave_area
from members.models import Application, Area, AreaSuccession, Employer, EmployerCoverage, UnionUnit
from members.states import AREA_SERVING_KINDS, OPEN_APPLICATION
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission

# Every open member of the units goes out of the old area and into the new one on the same day;
# who came later than the area ended, on the day they came.
_MOVEMENTS = """
WITH moved AS (
  SELECT * FROM unnest(%(units)s::uuid[], %(olds)s::uuid[], %(news)s::uuid[]) AS t(unit, old, new)
), counted AS (
  SELECT one.id, one.unit_id, one.group_id, moved.old, moved.new,
         GREATEST(%(day)s::date, COALESCE(held.started_on, one.joined_on)) AS day
  FROM moved JOIN members_membership one ON one.unit_id = moved.unit
  LEFT JOIN members_affiliation held ON held.membership_id = one.id AND held.ended_on IS NULL
  WHERE one.state IN ('active', 'retained')
)
SELECT id, unit_id, old, group_id, day, -1, 'transfer_out' FROM counted
UNION ALL
SELECT id, unit_id, new, group_id, day, 1, 'transfer_in' FROM counted
"""


@dataclass(frozen=True, kw_only=True)
class AreaFacts:
    """A new area; `code` is GB/T 2260 with the places below it, a zone has none."""

    name_zh: str
    level: str
    kind: str = Area.Kind.DIVISION
    name_en: str = ""
    code: str = ""
    valid_from: date


@dataclass
class _Heirs:
    """Old areas and units → where they go on."""

    areas: dict[UUID, Area] = field(default_factory=dict)
    units: dict[UUID, Area] = field(default_factory=dict)


@transaction.atomic
def add_area(*, by: User | ServiceActor, parent: Area, facts: AreaFacts) -> Area:
    """Add an area below `parent`.

    Raises `Refused`: `code_known` (another area in force has it), `ended` (the parent is over).
    """
    require_area(by, parent)
    locked = _lock(parent)
    if locked.valid_to is not None:
        raise Refused(_("“%(area)s” has ended.") % {"area": locked}, code="ended")
    if facts.code and Area.objects.filter(code=facts.code, valid_to=None).exists():
        raise Refused(_("Another area has this code."), code="code_known", field="code")
    made = _add(locked, facts)
    audit.record(by=by, verb="area.add", target=made)
    return made


@transaction.atomic
def end_area(
    *,
    by: User | ServiceActor,
    area: Area,
    ended_on: date,
    successors: Sequence[Area],
    choices: Mapping[UUID, UUID] | None = None,
    reason: str,
) -> Area:
    """End `area` on `ended_on`; units, employers and open applications go on in its successors.

    `choices` maps a unit or an area directly below to the successor it goes to; whatever is not
    in it goes to the first one. Employers go with the unit that covers them. The areas below end
    too and go on as new ones. A union that serves the area follows only to a successor that has
    none of its kind; else it stays for the past and is to be merged or dissolved. Members are
    counted in the old area until the day before. Raises `Stale` when it has ended, `Refused`:
    `future`, `order`, `root`, `successors`.
    """
    require_area(by, area)
    locked = _lock(area)
    _check_end(locked, ended_on, successors)
    heirs = _choose(locked, successors, choices or {}, ended_on)
    _move_units(heirs, ended_on)
    _move_employers(heirs, ended_on)
    for old, new in heirs.areas.items():
        Application.objects.filter(area_id=old, state__in=OPEN_APPLICATION).update(area=new)
        AreaSuccession.objects.create(predecessor_id=old, successor=new)
    for other in successors[1:]:
        AreaSuccession.objects.get_or_create(predecessor=locked, successor=other)
    Area.objects.filter(pk__in=heirs.areas).update(valid_to=ended_on)
    audit.record(
        by=by, verb="area.end", target=locked, reason=reason,
        data={"successors": [str(one.pk) for one in successors], "units": len(heirs.units)},
    )  # fmt: skip
    signals.areas_ended.send(Area, heirs=heirs.areas, by=by)
    return _lock(locked)


def require_area(by: User | ServiceActor, area: Area) -> None:
    """Raise `NotAllowed` unless `by` keeps the organisation of `area`."""
    if isinstance(by, ServiceActor):
        return
    if not Area.objects.visible_to(by, Permission.MANAGE_ORGANISATION).filter(pk=area.pk).exists():
        raise NotAllowed(
            _("You cannot change this area. Ask the district office."), code="area_out_of_reach"
        )


def _lock(area: Area) -> Area:
    found: Area = Area.objects.select_for_update().get(pk=area.pk)
    return found


def _check_end(area: Area, day: date, successors: Sequence[Area]) -> None:
    if area.valid_to is not None:
        raise Stale(_("This area has ended already."), code="stale")
    if day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="ended_on")
    if day <= area.valid_from:
        raise Refused(
            _("It began on %(day)s: the end must be a later day.") % {"day": area.valid_from},
            code="order",
            field="ended_on",
        )
    if area.depth == 1:
        raise Refused(_("The district itself cannot end here."), code="root")
    for one in successors:
        if one.valid_to is not None or one.path.startswith(area.path):
            raise Refused(
                _("“%(area)s” cannot follow it: it has ended or lies inside it.") % {"area": one},
                code="successors",
                field="successors",
            )
    if not successors:
        raise Refused(
            _("Choose what it became: at least one area."), code="successors", field="successors"
        )


def _choose(
    area: Area, successors: Sequence[Area], choices: Mapping[UUID, UUID], day: date
) -> _Heirs:
    by_id = {one.pk: one for one in successors}
    heirs = _Heirs({area.pk: successors[0]})
    by_path = {area.path: area.pk}
    inside = Area.objects.filter(path__startswith=area.path, depth__gt=area.depth, valid_to=None)
    for below in list(inside.order_by("path")):
        by_path[below.path] = below.pk
        above = heirs.areas[by_path[below.path[: -Area.steplen]]]
        home = by_id.get(choices.get(below.pk, UUID(int=0))) or above
        # The old row ends first: two areas in force never share a code.
        Area.objects.filter(pk=below.pk).update(valid_to=day)
        heirs.areas[below.pk] = _add(_lock(home), _facts_of(below, day))
    _choose_units(heirs, area, by_id, choices)
    return heirs


def _choose_units(
    heirs: _Heirs, area: Area, by_id: Mapping[UUID, Area], choices: Mapping[UUID, UUID]
) -> None:
    chosen: dict[str, Area] = {}
    rows = UnionUnit.objects.filter(area_id__in=heirs.areas).order_by("path")
    for unit in rows.select_related("area"):
        home = heirs.areas[unit.area_id]
        if unit.kind in AREA_SERVING_KINDS:
            if not _is_served(home, unit):
                heirs.units[unit.pk] = home
            continue
        if unit.area_id == area.pk:
            above = chosen.get(unit.path[: -UnionUnit.steplen])
            home = by_id.get(choices.get(unit.pk, UUID(int=0))) or above or home
            chosen[unit.path] = home
        heirs.units[unit.pk] = home


def _is_served(area: Area, unit: UnionUnit) -> bool:
    rows = UnionUnit.objects.filter(area=area, kind__in=AREA_SERVING_KINDS)
    return bool(rows.exclude(status="dissolved").exclude(pk=unit.pk).exists())


def _move_units(heirs: _Heirs, day: date) -> None:
    units = UnionUnit.objects.in_bulk(list(heirs.units))
    parameters = {
        "units": list(heirs.units),
        "olds": [units[pk].area_id for pk in heirs.units],
        "news": [area.pk for area in heirs.units.values()],
        "day": day,
    }
    movements.write_query(_MOVEMENTS, parameters)
    for new, pks in _grouped(heirs.units).items():
        UnionUnit.objects.filter(pk__in=pks).update(area_id=new)


def _move_employers(heirs: _Heirs, day: date) -> None:
    rows = Employer.objects.filter(area_id__in=heirs.areas)
    homes = {pk: heirs.areas[area] for pk, area in rows.values_list("pk", "area_id")}
    covers = EmployerCoverage.objects.filter(employer__in=homes, ended_on=None)
    for employer, unit in covers.order_by("started_on").values_list("employer_id", "unit_id"):
        if unit in heirs.units:
            homes[employer] = heirs.units[unit]
    leave_area(homes, day)
    for new, pks in _grouped(homes).items():
        Employer.objects.filter(pk__in=pks).update(area_id=new)


def _grouped(homes: Mapping[UUID, Area]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for pk, area in homes.items():
        found.setdefault(area.pk, []).append(pk)
    return found


def _facts_of(area: Area, day: date) -> AreaFacts:
    return AreaFacts(
        name_zh=area.name_zh, name_en=area.name_en, level=area.level, kind=area.kind,
        code=area.code or "", valid_from=day,
    )  # fmt: skip


def _add(parent: Area, facts: AreaFacts) -> Area:
    values = {
        "name_zh": facts.name_zh, "name_en": facts.name_en, "level": facts.level,
        "kind": facts.kind, "code": facts.code or None, "valid_from": facts.valid_from,
    }  # fmt: skip
    made: Area = Area.objects.add_child(parent, create_kwargs=values)
    return made
