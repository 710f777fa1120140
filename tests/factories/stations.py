"""Service points for tests, made by the real actions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from stations import actions
from stations.models import ServicePoint
from stations.rules import WeekSpan
from unionportal.core.actors import SYSTEM

OFFICE = [WeekSpan(day, 8 * 60 + 30, 20 * 60) for day in range(5)]
PATH = ("apply", "accept", "publish")
APPLIED_ON = dt.date(2026, 3, 2)


def facts(area: Any, **changes: Any) -> actions.PointFacts:
    values: dict[str, Any] = {
        "kind": "OUTDOOR_STATION", "name": "人民路工会驿站", "area": area,
        "address": "人民路18号，银行大厅内", "lon": Decimal("113.725300"),
        "lat": Decimal("34.720400"), "datum": "WGS84", "host_name": "示例银行",
        "phone": "0379-1234567",
        **changes,
    }  # fmt: skip
    return actions.PointFacts(**values)


def make_point(
    area: Any,
    state: str = "published",
    *,
    by: Any = SYSTEM,
    facilities: Any = ("WATER",),
    week: Any = OFFICE,
    **changes: Any,
) -> ServicePoint:
    """Record a point and lead it to `state`: draft, applied, accepted or published."""
    point = actions.record(by=by, facts=facts(area, **changes), facilities=facilities, week=week)
    steps = {"draft": 0, "applied": 1, "accepted": 2, "published": 3}[state]
    for n, verb in enumerate(PATH[:steps]):
        step(point, verb, by=by, on=APPLIED_ON + dt.timedelta(days=n))
    return point


def step(point: ServicePoint, verb: str, *, by: Any = SYSTEM, **changes: Any) -> ServicePoint:
    """Take a step at the point's present version and bring `point` up to date."""
    point.refresh_from_db()
    actions.move_point(by=by, point=point, verb=verb, version=point.version, **changes)
    point.refresh_from_db()
    return point


FORM = {
    "kind": "DRIVER_HOME", "name": "云河司机之家", "address": "物流园南门，停车场内",
    "lon": "113.731482", "lat": "34.719352", "datum": "GCJ02", "build_mode": "SHARED",
    "host_name": "示例物流有限公司", "host_code": "", "facilities": ["WATER", "PARKING"],
    "holiday_rule": "SUNDAY", "entry_way": "OPEN", "entry_note": "",
    "phone": "", "manager_name": "", "checked_on": "2026-03-01", "plaque_no": "", "plaque_on": "",
    "d0_opens1": "22:00", "d0_closes1": "06:00", "d1_opens1": "08:30", "d1_closes1": "12:00",
    "d1_opens2": "14:00", "d1_closes2": "18:00",
}  # fmt: skip


def form_data(area: Any, **changes: Any) -> dict[str, Any]:
    """Return what a browser posts for a new point."""
    return {**FORM, "area": str(area.pk), **changes}
