"""Plain factories of the outreach app, through the real actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from members.models import Area, UnionUnit, WorkerGroup
from outreach import actions
from outreach.models import Drive, JoinCode, PatchAssignment
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.models import User

TRUCKS, COURIERS = "TRUCK_DRIVER", "PARCEL_COURIER"


def drive(
    owner: UnionUnit,
    *,
    areas: Sequence[Area],
    groups: Sequence[str] = (COURIERS,),
    targets: Mapping[tuple[Area, str], int] | None = None,
    is_open: bool = True,
    **fields: Any,
) -> Drive:
    """Make a drive of 100 days with today as day 50; open unless told otherwise."""
    today = timezone.localdate()
    values = {
        "name": "Autumn drive",
        "started_on": today - dt.timedelta(days=49),
        "ended_on": today + dt.timedelta(days=51),
        **fields,
    }
    made = actions.create_drive(
        by=SYSTEM, owner=owner, areas=list(areas),
        groups=list(WorkerGroup.objects.filter(code__in=groups)), **values,
    )  # fmt: skip
    wanted = {(areas[0], groups[0]): 10} if targets is None else targets
    counts = {(area.pk, code): count for (area, code), count in wanted.items()}
    actions.set_targets(by=SYSTEM, drive=made, counts=counts, version=made.version)
    return actions.open_drive(by=SYSTEM, drive=made) if is_open else made


def code(drive: Drive, unit: UnionUnit, area: Area, **fields: Any) -> JoinCode:
    """Make a join code that works through the drive's last day."""
    values = {"place": "Gate 2", "expires_on": drive.last_on, **fields}
    return actions.add_code(by=SYSTEM, drive=drive, unit=unit, area=area, **values)


def patch(
    officer: User, area: Area, *, drive: Drive | None = None, **fields: Any
) -> PatchAssignment:
    """Let `officer` answer for `area` from today on."""
    values = {"started_on": timezone.localdate(), "ended_on": None, **fields}
    return actions.assign_patches(by=SYSTEM, officer=officer, areas=[area], drive=drive, **values)[
        0
    ]


def enrolled(unit: UnionUnit, *, group: str = COURIERS, **fields: Any) -> Any:
    """Submit somebody new for `unit`; the drive that fits counts the application."""
    return make.application(unit, group=make.group(group), **fields)
