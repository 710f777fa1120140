"""The tree of units: add one, move one with what hangs below it, set its industrial union."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import movements
from members.actions.rights import require_units
from members.models import (
    Area,
    IndustrialPlacement,
    Membership,
    UnionUnit,
    UnitChange,
    UnitPlacement,
)
from members.states import OPEN_MEMBERSHIP, RUNGS, UPPER_KINDS, UnitKind, UnitStatus
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission

# One number for every write to the tree: paths of whole branches change together.
TREE_LOCK = 7_301_001
# Members leave the old area and come to the new one on the day; a later comer on their own day.
_RELOCATE = """
WITH moving AS (
  SELECT one.id, one.unit_id, one.group_id,
         GREATEST(%(day)s::date, COALESCE(held.started_on, one.joined_on)) AS day
  FROM members_membership one
  LEFT JOIN members_affiliation held ON held.membership_id = one.id AND held.ended_on IS NULL
  WHERE one.unit_id = ANY(%(units)s) AND one.state = ANY(%(states)s)
)
SELECT id, unit_id, %(old)s::uuid, group_id, day, -1, 'relocate_out' FROM moving
UNION ALL
SELECT id, unit_id, %(new)s::uuid, group_id, day, 1, 'relocate_in' FROM moving
"""


@dataclass(frozen=True, kw_only=True)
class NewUnit:
    """A unit to be added; without `established_on` it is still being prepared."""

    name: str
    kind: str
    parent: UnionUnit
    area: Area | None = None
    started_on: date | None = None
    established_on: date | None = None
    industrial_parent: UnionUnit | None = None


def lock_tree() -> None:
    """Let one transaction at a time change the tree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


@transaction.atomic
def create_unit(*, by: User | ServiceActor, new: NewUnit) -> UnionUnit:
    """Add a unit below its parent, with its place in the history; return it.

    Raises `Refused` (`rung`, `parent_dissolved`, `name_taken`, `area_needed`, `future`).
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [new.parent.pk])
    lock_tree()
    parent = UnionUnit.objects.get(pk=new.parent.pk)
    today = timezone.localdate()
    day = new.started_on or new.established_on or today
    refuse_future(day, "started_on")
    refuse_future(new.established_on or today, "established_on")
    check_parent(parent, new.kind)
    _check_new(new, parent)
    unit: UnionUnit = UnionUnit.objects.add_child(
        parent,
        create_kwargs={
            "name": new.name.strip(),
            "kind": new.kind,
            "area": None if new.kind in UPPER_KINDS else new.area or parent.area,
            "status": UnitStatus.ESTABLISHED if new.established_on else UnitStatus.PREPARING,
            "established_on": new.established_on,
        },
    )
    UnitPlacement.objects.create(unit=unit, parent=parent, started_on=day)
    audit.record(by=by, verb="unit.create", target=unit, data={"parent": str(parent.pk)})
    if new.industrial_parent is not None:
        set_industrial_parent(by=by, unit=unit, parent=new.industrial_parent, started_on=day)
    return unit


def _check_new(new: NewUnit, parent: UnionUnit) -> None:
    siblings = UnionUnit.objects.get_children(parent).exclude(status=UnitStatus.DISSOLVED)
    if siblings.filter(name=new.name.strip()).exists():
        raise Refused(
            _("“%(parent)s” has a unit of this name already.") % {"parent": parent.name},
            code="name_taken",
            field="name",
        )
    if new.kind not in UPPER_KINDS and new.area is None and parent.area_id is None:
        raise Refused(_("Choose the area of the unit."), code="area_needed", field="area")


def check_parent(parent: UnionUnit, kind: str) -> None:
    """Raise `Refused` when a unit of `kind` cannot hang under `parent`."""
    if parent.status == UnitStatus.DISSOLVED:
        raise Refused(
            _("“%(unit)s” is dissolved. Choose another.") % {"unit": parent.name},
            code="parent_dissolved",
            field="parent",
        )
    if RUNGS[parent.kind] > RUNGS[kind]:
        raise Refused(
            _("A unit of the kind “%(kind)s” does not hang under one of the kind “%(parent)s”.")
            % {"kind": UnitKind(kind).label, "parent": parent.get_kind_display()},
            code="rung",
            field="parent",
        )


def refuse_future(day: date, field: str) -> None:
    """Raise `Refused` for a day after today."""
    if day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field=field)


@transaction.atomic
def move_unit(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    parent: UnionUnit,
    reason: str,
    moved_on: date | None = None,
    document_no: str = "",
    area: Area | None = None,
) -> UnitChange:
    """Hang `unit` and everything below it under `parent` from `moved_on` (default today).

    Tree and history change together. With `area` the unit, and the units below it that stand in
    the same area, go there: their members leave the old area and come to the new one that day, so
    that every earlier day still counts them where they were. Raises `Refused` (`same_parent`,
    `below_itself`, `rung`, `parent_dissolved`, `before_placement`, `reason_needed`, `future`).
    """
    require_units(by, Permission.MANAGE_ORGANISATION, {unit.pk, parent.pk})
    day = moved_on or timezone.localdate()
    refuse_future(day, "moved_on")
    require_reason(reason)
    lock_tree()
    moving, target = fresh(unit), fresh(parent)
    _check_move(moving, target)
    units = UnionUnit.objects.filter(path__startswith=moving.path)
    members = Membership.objects.filter(unit__in=units, state__in=OPEN_MEMBERSHIP).count()
    change = UnitChange.objects.create(
        unit=moving, target=target, kind=UnitChange.Kind.MOVE, happened_on=day,
        reason=reason[:200], document_no=document_no, members=members, units=units.count(),
    )  # fmt: skip
    if area is not None and area.pk != moving.area_id:
        _relocate(moving, area, day)
    place(moving, target, day, reason)
    audit.record(
        by=by, verb="unit.move", target=moving, reason=reason, fields=["parent"],
        data={"parent": str(target.pk), "members": members},
    )  # fmt: skip
    return change


def require_reason(reason: str) -> None:
    """Raise `Refused` without a reason."""
    if not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")


def fresh(unit: UnionUnit) -> UnionUnit:
    """Return the unit as it is in the tree now; read it after `lock_tree`."""
    found: UnionUnit = UnionUnit.objects.select_related("area").get(pk=unit.pk)
    return found


def _check_move(unit: UnionUnit, parent: UnionUnit) -> None:
    if parent.path.startswith(unit.path):
        raise Refused(
            _("“%(parent)s” is this unit or hangs below it. Choose another.")
            % {"parent": parent.name},
            code="below_itself",
            field="parent",
        )
    if unit.path[: -unit.steplen] == parent.path:
        raise Refused(
            _("The unit hangs under “%(parent)s” already.") % {"parent": parent.name},
            code="same_parent",
            field="parent",
        )
    if unit.status == UnitStatus.DISSOLVED:
        raise Stale(_("This unit is dissolved. Look again before you act."), code="stale")
    check_parent(parent, unit.kind)


def place(unit: UnionUnit, parent: UnionUnit, day: date, reason: str) -> None:
    """Move the branch in the tree and write since when; the caller holds the tree's lock."""
    current = UnitPlacement.objects.filter(unit=unit, ended_on=None).first()
    if current is not None and current.started_on > day:
        raise Refused(
            _("The unit came to its present place on %(day)s. Choose that day or a later one.")
            % {"day": current.started_on},
            code="before_placement",
            field="moved_on",
        )
    if current is not None and current.started_on == day:
        # It never stood a whole day where it was put: only the last place of a day counts.
        current.delete()
    elif current is not None:
        current.ended_on = day
        current.save(update_fields=["ended_on"])
    UnitPlacement.objects.create(unit=unit, parent=parent, started_on=day, reason=reason[:200])
    UnionUnit.objects.move(unit, parent, pos="last-child")


def _relocate(unit: UnionUnit, area: Area, day: date) -> None:
    below = UnionUnit.objects.filter(path__startswith=unit.path, area_id=unit.area_id)
    ids: list[UUID] = list(below.order_by().values_list("pk", flat=True))
    movements.write_query(
        _RELOCATE,
        {
            "units": ids, "states": list(OPEN_MEMBERSHIP), "day": day,
            "old": unit.area_id, "new": area.pk,
        },
    )  # fmt: skip
    UnionUnit.objects.filter(pk__in=ids).update(area=area)
    unit.area = area


@transaction.atomic
def set_industrial_parent(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    parent: UnionUnit | None,
    started_on: date | None = None,
    reason: str = "",
) -> UnionUnit:
    """Put `unit` under an industrial union beside its place in the tree; None ends that.

    Raises `Refused` (`industrial_kind`, `future`, `before_placement`).
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    day = started_on or timezone.localdate()
    refuse_future(day, "started_on")
    _check_industrial(unit, parent)
    locked = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    _end_industrial(locked, day)
    if parent is not None:
        IndustrialPlacement.objects.create(
            unit=locked, parent=parent, started_on=day, reason=reason[:200]
        )
    UnionUnit.objects.filter(pk=locked.pk).update(industrial_parent=parent)
    unit.industrial_parent = parent
    audit.record(
        by=by, verb="unit.set_industrial_parent", target=locked, reason=reason,
        fields=["industrial_parent"], data={"parent": str(parent.pk) if parent else None},
    )  # fmt: skip
    return unit


def _check_industrial(unit: UnionUnit, parent: UnionUnit | None) -> None:
    # A head office outside the district leads its branches here the way an industrial union does.
    leads = parent is None or parent.kind == UnitKind.INDUSTRIAL or parent.is_external
    if not leads or (parent is not None and parent.pk == unit.pk):
        raise Refused(
            _("Choose an industrial union, or the head office's union outside the district."),
            code="industrial_kind",
            field="parent",
        )


def _end_industrial(unit: UnionUnit, day: date) -> None:
    held = IndustrialPlacement.objects.filter(unit=unit, ended_on=None).first()
    if held is None:
        return
    if held.started_on > day:
        raise Refused(
            _("It stands under its present industrial union since %(day)s.")
            % {"day": held.started_on},
            code="before_placement",
            field="started_on",
        )
    if held.started_on == day:
        held.delete()
        return
    held.ended_on = day
    held.save(update_fields=["ended_on"])
