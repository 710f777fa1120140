"""Writes of service points; everything is audited in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Area, Employer
from stations.models import (
    DAY_MINUTES,
    HolidayHours,
    OpeningHours,
    PointFacility,
    ServicePoint,
)
from stations.rules import WeekSpan, overlapping
from stations.states import POINT_MACHINE, BuildMode, EntryWay, Facility, HolidayRule
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.geo import DECIMALS, Datum, GeoError, refuse_impossible, to_wgs84
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.models import User

    Actor = User | ServiceActor

DATE_OF = {"apply": "applied_on", "accept": "accepted_on", "publish": "published_on",
           "close": "closed_on"}  # fmt: skip
# A date may not lie before this one.
AFTER = {"accept": "applied_on", "publish": "accepted_on", "close": "accepted_on"}


@dataclass(frozen=True, kw_only=True)
class PointFacts:
    """What is recorded of a point. lon and lat as typed, in `datum`, six decimals."""

    kind: str
    name: str
    area: Area
    address: str
    lon: Decimal
    lat: Decimal
    datum: str = Datum.WGS84
    build_mode: str = BuildMode.SHARED
    host: Employer | None = None
    host_name: str = ""
    is_24h: bool = False
    holiday_rule: str = HolidayRule.SUNDAY
    entry_way: str = EntryWay.OPEN
    entry_note: str = ""
    phone: str = ""
    manager_name: str = ""
    checked_on: dt.date | None = None
    plaque_no: str = ""
    plaque_on: dt.date | None = None


@transaction.atomic
def record(
    *, by: Actor, facts: PointFacts, facilities: Iterable[str] = (), week: Iterable[WeekSpan] = ()
) -> ServicePoint:
    """Record a service point as a draft: nothing is applied for and workers do not see it.

    `week` holds spans within a day (see `rules.split_spans`). Raises `Refused` for an impossible
    place, unknown facilities, overlapping hours; `NotAllowed` outside the actor's area.
    """
    _require(by, facts.area)
    point = ServicePoint(**_values(facts))
    point.save(force_insert=True)
    point.refresh_from_db(fields=["serial_no"])
    _set_facilities(point, facilities)
    _set_week(point, week)
    audit.record(by=by, verb="servicepoint.record", target=point, to_state=point.state)
    return point


@transaction.atomic
def edit(
    *,
    by: Actor,
    point: ServicePoint,
    version: int,
    facts: PointFacts,
    facilities: Iterable[str],
    week: Iterable[WeekSpan],
) -> ServicePoint:
    """Replace what is recorded of a point. Raises `Stale` when `version` is not the latest."""
    _require(by, facts.area)
    locked = lock(point, version)
    if not locked.is_editable:
        raise Refused(_("This point is closed down; its record stays as it is."), code="closed")
    values = _values(facts)
    changed = sorted(name for name, value in values.items() if getattr(locked, name) != value)
    for name, value in values.items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save(update_fields=[*values, "version"])
    _set_facilities(locked, facilities)
    _set_week(locked, week)
    audit.record(by=by, verb="servicepoint.edit", target=locked, fields=changed)
    return locked


@transaction.atomic
def move_point(
    *,
    by: Actor,
    point: ServicePoint,
    verb: str,
    version: int,
    reason: str = "",
    on: dt.date | None = None,
) -> ServicePoint:
    """Take one step of the path: apply, accept, reject, publish, suspend, resume, close.

    `on` is the day it happened (default today). Raises `Stale`, `NotAllowed`, and `Refused` for a
    missing reason or a day out of order.
    """
    locked = lock(point, version)
    step = POINT_MACHINE.step(verb, locked.state)
    _require(by, locked.area, step.permission or Permission.RECORD_STATION)
    changes: dict[str, Any] = {"version": locked.version + 1, "state_reason": ""}
    if step.needs_reason:
        changes["state_reason"] = reason.strip()[:300]
    if verb in DATE_OF:
        changes[DATE_OF[verb]] = _day_of(locked, verb, on or timezone.localdate())
    return move(locked, verb, by=by, reason=reason.strip()[:300], **changes)


@transaction.atomic
def rate(
    *, by: Actor, point: ServicePoint, version: int, stars: int | None, on: dt.date | None
) -> ServicePoint:
    """Write the stars of an inspection (3 to 5) and its day, or take them away (None, None)."""
    locked = lock(point, version)
    _require(by, locked.area, Permission.ACCEPT_STATION)
    if (stars is None) != (on is None):
        raise Refused(_("Give the stars and the day they were given."), code="pair", field="stars")
    if on is not None and on > timezone.localdate():
        raise Refused(_("This day has not come yet."), code="future", field="rated_on")
    locked.star_rating, locked.star_rated_on = stars, on
    locked.version += 1
    locked.save(update_fields=["star_rating", "star_rated_on", "version"])
    audit.record(
        by=by, verb="servicepoint.rate", target=locked, fields=["star_rating"],
        data={"stars": stars},
    )  # fmt: skip
    return locked


@transaction.atomic
def set_holiday(
    *,
    by: Actor,
    point: ServicePoint,
    day: dt.date,
    spans: Sequence[tuple[int, int]] = (),
    note: str = "",
) -> list[HolidayHours]:
    """Replace the weekly hours on one day by `spans` in minutes; none = closed that day."""
    _require(by, point.area)
    locked = ServicePoint.objects.select_for_update(of=("self",)).get(pk=point.pk)
    if day < timezone.localdate():
        raise Refused(_("This day has passed."), code="past", field="day")
    _check_spans([WeekSpan(day.weekday(), opens, closes) for opens, closes in spans])
    HolidayHours.objects.filter(point=locked, day=day).delete()
    rows = [
        HolidayHours(point=locked, day=day, opens=opens, closes=closes, note=note)
        for opens, closes in spans
    ] or [HolidayHours(point=locked, day=day, is_closed=True, note=note)]
    HolidayHours.objects.bulk_create(rows)
    audit.record(by=by, verb="servicepoint.holiday", target=locked, data={"day": day.isoformat()})
    return rows


@transaction.atomic
def drop_holiday(*, by: Actor, point: ServicePoint, day: dt.date) -> None:
    """Let the weekly hours hold again on `day`."""
    _require(by, point.area)
    HolidayHours.objects.filter(point=point, day=day).delete()
    audit.record(
        by=by, verb="servicepoint.holiday_drop", target=point, data={"day": day.isoformat()}
    )


def lock(point: ServicePoint, version: int) -> ServicePoint:
    """Lock the row and return it; raise `Stale` when it is not at `version` any more."""
    rows = ServicePoint.objects.select_related("area", "host").select_for_update(of=("self",))
    locked = rows.get(pk=point.pk)
    if locked.version != version:
        raise Stale(
            _("Somebody changed this point while you were writing. Look at what it says now."),
            code="stale",
        )
    return locked


def _require(by: Actor, area: Area, permission: Permission = Permission.RECORD_STATION) -> None:
    if isinstance(by, ServiceActor):
        return
    if not Area.objects.visible_to(by, permission).filter(pk=area.pk).exists():
        raise NotAllowed(
            _("You may not do this in %(area)s.") % {"area": area}, code="area", field="area"
        )


def _values(facts: PointFacts) -> dict[str, Any]:
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    if facts.build_mode == BuildMode.SHARED and not (facts.host or facts.host_name):
        raise Refused(
            _("A shared point has a host: write its name or credit code."),
            code="no_host", field="host_name",
        )  # fmt: skip
    if bool(facts.plaque_no) != bool(facts.plaque_on):
        raise Refused(
            _("Write the plaque's number and the day it was put up, or neither."),
            code="plaque", field="plaque_no",
        )  # fmt: skip
    if facts.checked_on and facts.checked_on > timezone.localdate():
        raise Refused(_("This day has not come yet."), code="future", field="checked_on")
    lon, lat = float(facts.lon), float(facts.lat)
    try:
        refuse_impossible(lon, lat)
    except GeoError as error:
        raise Refused(error.message, code=error.code, field="lon") from None
    place = to_wgs84(lon, lat, facts.datum)
    values["lon_wgs84"], values["lat_wgs84"] = (
        round(place.lon, DECIMALS),
        round(place.lat, DECIMALS),
    )
    return values


def _day_of(point: ServicePoint, verb: str, day: dt.date) -> dt.date:
    if day > timezone.localdate():
        raise Refused(_("This day has not come yet."), code="future", field="on")
    earliest = getattr(point, AFTER.get(verb, ""), None) if verb in AFTER else None
    if earliest and day < earliest:
        raise Refused(
            _("The step before was on %(day)s. Choose that day or a later one.")
            % {"day": earliest.isoformat()},
            code="order", field="on",
        )  # fmt: skip
    return day


def _set_facilities(point: ServicePoint, codes: Iterable[str]) -> None:
    """Write the facilities; one that stays keeps its day unless the point was checked anew."""
    wanted = list(dict.fromkeys(codes))
    if unknown := [code for code in wanted if code not in Facility.values]:
        raise Refused(
            _("Unknown facility: %(code)s.") % {"code": unknown[0]},
            code="facility", field="facilities",
        )  # fmt: skip
    PointFacility.objects.filter(point=point).exclude(code__in=wanted).delete()
    PointFacility.objects.bulk_create(
        [PointFacility(point=point, code=code, checked_on=point.checked_on) for code in wanted],
        update_conflicts=True, unique_fields=["point", "code"], update_fields=["checked_on"],
    )  # fmt: skip


def _set_week(point: ServicePoint, week: Iterable[WeekSpan]) -> None:
    spans = sorted(week)
    _check_spans(spans)
    OpeningHours.objects.filter(point=point).delete()
    OpeningHours.objects.bulk_create(
        [
            OpeningHours(point=point, weekday=one.weekday, opens=one.opens, closes=one.closes)
            for one in spans
        ]
    )


def _check_spans(spans: Sequence[WeekSpan]) -> None:
    if any(not 0 <= one.opens < one.closes <= DAY_MINUTES for one in spans):
        raise Refused(_("Closing comes after opening, within the day."), code="hours")
    if overlapping(sorted(spans)) is not None:
        raise Refused(_("Two opening times of one day overlap."), code="overlap")
