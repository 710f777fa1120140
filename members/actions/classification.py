"""Which worker group a member is in, and which vehicles the member drives: dated, never erased."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions import movements, standing
from members.actions.candidates import check_group, read_plate
from members.actions.rights import require_units
from members.actions.stopping import refuse_stopped
from members.models import GroupMembership, Membership, MemberVehicle, Movement, WorkerGroup
from members.states import OPEN_MEMBERSHIP, MovementKind
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission


@transaction.atomic
def reclassify(
    *,
    membership: Membership,
    group: WorkerGroup,
    by: User | ServiceActor,
    day: date | None = None,
    reason: str = "",
    plate: str = "",
) -> Membership:
    """Put an open membership into `group` from `day` (default today); earlier days keep theirs.

    Raises `Refused` (`same_group`, `group_not_in_use`, `plate_needed`, the day's codes of
    `standing.change`), `Stale` when the membership has ended, `NotAllowed` outside `by`'s reach.
    """
    locked = lock_open(membership, by, Permission.APPROVE_APPLICATION)
    check_group(group)
    if group.pk == locked.group_id:
        raise Refused(_("The member is in this group already."), code="same_group", field="group")
    day = day or timezone.localdate()
    standing.check_day(locked, day)
    if plate:
        add_vehicle(membership=locked, plate=plate, by=by, day=day)
    elif group.needs_plate and not locked.vehicle_plate:
        raise Refused(
            _("Give the plate of the vehicle: this group needs it."),
            code="plate_needed",
            field="plate",
        )
    out = _movement(locked, day, -1, MovementKind.RECLASSIFY_OUT)
    locked.group_history.filter(ended_on=None).update(ended_on=day)
    GroupMembership.objects.create(membership=locked, group=group, started_on=day)
    locked.group = group
    locked.save(update_fields=["group"])
    movements.write([out, _movement(locked, day, 1, MovementKind.RECLASSIFY_IN)])
    audit.record(
        by=by, verb="membership.reclassify", target=locked, reason=reason, fields=["group"],
        data={"group": group.pk},
    )  # fmt: skip
    signals.membership_changed.send(Membership, membership=locked, by=by)
    return locked


def _movement(membership: Membership, day: date, delta: int, kind: MovementKind) -> Movement:
    return Movement(
        membership=membership,
        unit_id=membership.unit_id,
        area_id=membership.unit.area_id,
        group_id=membership.group_id,
        day=day,
        delta=delta,
        kind=kind,
    )


@transaction.atomic
def add_vehicle(
    *, membership: Membership, plate: str, by: User | ServiceActor, day: date | None = None
) -> MemberVehicle:
    """Record a vehicle from `day` (default today); it becomes the one shown first.

    Raises `Refused` (the plate's own codes, `same_plate`, `future`, `before_joining`), `Stale`
    when the membership has ended.
    """
    locked = lock_open(membership, by, Permission.ENROL)
    number = read_plate(plate)
    day = day or timezone.localdate()
    _check_vehicle_day(locked, day)
    if locked.vehicles.filter(plate=number, ended_on=None).exists():
        raise Refused(
            _("This vehicle is on record already."), code="same_plate", field="vehicle_plate"
        )
    vehicle = MemberVehicle.objects.create(membership=locked, plate=number, started_on=day)
    _show_newest(locked)
    audit.record(by=by, verb="membership.add_vehicle", target=locked, fields=["vehicle_plate"])
    return vehicle


@transaction.atomic
def end_vehicle(
    *, vehicle: MemberVehicle, by: User | ServiceActor, day: date | None = None
) -> MemberVehicle:
    """End a vehicle on `day` (default today); raise `Stale` when it has ended already."""
    locked = lock_open(vehicle.membership, by, Permission.ENROL)
    found = MemberVehicle.objects.select_for_update().get(pk=vehicle.pk)
    if found.ended_on is not None:
        raise Stale(_("This vehicle was ended already."), code="stale")
    day = day or timezone.localdate()
    _check_vehicle_day(locked, day)
    found.ended_on = max(day, found.started_on)
    found.save(update_fields=["ended_on"])
    _show_newest(locked)
    audit.record(by=by, verb="membership.end_vehicle", target=locked, fields=["vehicle_plate"])
    return found


def _check_vehicle_day(membership: Membership, day: date) -> None:
    if not membership.joined_on <= day <= timezone.localdate():
        raise Refused(
            _("The day must lie between the day of joining and today."),
            code="vehicle_day",
            field="day",
        )


def _show_newest(membership: Membership) -> None:
    newest = membership.vehicles.filter(ended_on=None).order_by("-started_on", "-pk").first()
    membership.vehicle_plate = newest.plate if newest else ""
    membership.save(update_fields=["vehicle_plate"])


def lock_open(
    membership: Membership, by: User | ServiceActor, permission: Permission
) -> Membership:
    """Return the locked membership `by` may write; raise `NotAllowed`, `Stale`, `Refused`."""
    require_units(by, permission, [membership.unit_id])
    rows = Membership.objects.select_for_update(of=("self",)).select_related("person", "unit")
    locked: Membership = rows.get(pk=membership.pk)
    if locked.state not in OPEN_MEMBERSHIP:
        raise Stale(_("This membership has ended. Look again before you act."), code="stale")
    refuse_stopped(locked)
    return locked
