"""Make service points in every state, around a centre nobody lives at."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from decimal import Decimal
from typing import Any

from stations.models import HolidayHours, OpeningHours, PointFacility, ServicePoint
from stations.states import BuildMode, EntryWay, Facility, HolidayRule, PointKind, PointState
from unionportal.core.geo import DECIMALS, Datum, from_wgs84
from unionportal.synthetic.lots import Lot
from unionportal.synthetic.names import full_name
from unionportal.synthetic.world import Place, World

CENTRE_LON, CENTRE_LAT = 113.7, 34.7
RING_DEGREES, JITTER_DEGREES = 0.055, 0.012
S, F = PointState, Facility
STATES = ((S.PUBLISHED, 66), (S.APPLIED, 11), (S.ACCEPTED, 7), (S.DRAFT, 5), (S.SUSPENDED, 5),
          (S.CLOSED, 3), (S.REJECTED, 3))  # fmt: skip
KINDS = Lot(
    (PointKind.OUTDOOR_STATION, 60), (PointKind.DRIVER_HOME, 14), (PointKind.COURIER_HOME, 14),
    (PointKind.WORKERS_HOME, 7), (PointKind.READING_ROOM, 5),
)  # fmt: skip
DATUMS = Lot((Datum.WGS84, 80), (Datum.GCJ02, 15), (Datum.BD09, 5))
CHINESE = {
    PointKind.OUTDOOR_STATION: "户外劳动者驿站", PointKind.DRIVER_HOME: "司机之家",
    PointKind.COURIER_HOME: "快递小哥之家", PointKind.WORKERS_HOME: "职工之家",
    PointKind.READING_ROOM: "职工书屋",
}  # fmt: skip
BASIC = (F.WATER, F.REST_SEATS, F.PHONE_CHARGING, F.MICROWAVE, F.FIRST_AID)
DRIVERS_ONLY = (F.PARKING, F.SHOWER, F.LAUNDRY, F.DINING, F.LODGING, F.VEHICLE_REPAIR)
FURTHER = (F.FRIDGE, F.AIRCON, F.WIFI, F.TOILET, F.BOOKS, F.UMBRELLA, F.TOOLBOX, F.LOCKER, F.TV,
           F.EBIKE_CHARGING, F.BATTERY_SWAP, F.ACCESSIBLE, F.LEGAL_HELP, F.BP_METER)  # fmt: skip
HOSTS = ("示例银行", "示例超市", "示例加油站", "示例物业", "示例药房", "示例邮局")
# Spans of a working day and of a weekend day, in minutes after midnight; none = closed.
WEEKS = (
    (((480, 1200),), ((540, 1080),)),
    (((450, 720), (840, 1140)), ((540, 720),)),
    (((510, 1050),), ()),
    (((360, 1440),), ((360, 1440),)),
)
HOLIDAY_IN_DAYS = 10


class Points:
    """Draws points; four statements write them all."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.points: list[ServicePoint] = []
        self.facilities: list[PointFacility] = []
        self.hours: list[OpeningHours] = []
        self.holidays: list[HolidayHours] = []

    def write(self) -> dict[str, int]:
        """Draw and write the points; return how many are in each state."""
        for number, state in enumerate(_exact(STATES, self.world.size.points)):
            self._draw(number, state)
        ServicePoint.objects.bulk_create(self.points)
        PointFacility.objects.bulk_create(self.facilities)
        OpeningHours.objects.bulk_create(self.hours)
        HolidayHours.objects.bulk_create(self.holidays)
        return Counter(point.state for point in self.points)

    def _draw(self, number: int, state: PointState) -> None:
        world = self.world
        place = world.places[number % len(world.places)]
        kind = KINDS.draw(world.dice)
        round_number = number // len(world.places) + 1
        point = ServicePoint(
            id=world.numbers.key(), kind=kind.value, state=state.value, area=place.area,
            name=f"{place.area.name_zh}第{round_number}{CHINESE[kind]}",
            address=f"{place.area.name_zh}示范路{world.dice.randint(1, 299)}号",
            holiday_rule=world.dice.choice(HolidayRule.values), manager_name=full_name(world.dice),
            phone=world.numbers.phone(), entry_way=EntryWay.OPEN.value,
            **self._host(place), **self._where(number), **self._dates(state),
        )  # fmt: skip
        self._furnish(point, kind)
        self.points.append(point)

    def _host(self, place: Place) -> dict[str, Any]:
        if self.world.dice.random() < 0.15:
            return {"build_mode": BuildMode.UNION_BUILT.value}
        name = f"{self.world.dice.choice(HOSTS)}{place.area.name_zh.removesuffix('街道')}支店"
        return {"build_mode": BuildMode.SHARED.value, "host_name": name}

    def _where(self, number: int) -> dict[str, Any]:
        """Places lie in rings around the centre; a few are typed from another map."""
        dice, corner = self.world.dice, number % len(self.world.places)
        angle = 2 * math.pi * corner / len(self.world.places)
        radius = RING_DEGREES * (0.5 + corner % 3 * 0.5)
        lon = CENTRE_LON + radius * math.cos(angle) + dice.uniform(-1, 1) * JITTER_DEGREES
        lat = CENTRE_LAT + radius * math.sin(angle) + dice.uniform(-1, 1) * JITTER_DEGREES
        lon, lat = round(lon, DECIMALS), round(lat, DECIMALS)
        datum = DATUMS.draw(dice)
        typed = from_wgs84(lon, lat, datum)
        return {
            "lon_wgs84": lon, "lat_wgs84": lat, "datum": datum.value,
            "lon": Decimal(f"{typed.lon:.{DECIMALS}f}"),
            "lat": Decimal(f"{typed.lat:.{DECIMALS}f}"),
        }  # fmt: skip

    def _dates(self, state: PointState) -> dict[str, Any]:
        """Return the days of the steps that brought a point into its state."""
        world, values = self.world, dict[str, Any]()
        if state == S.DRAFT:
            return values
        day = world.day(world.ago(900), world.ago(120))
        values["applied_on"] = day
        if state in (S.ACCEPTED, S.PUBLISHED, S.SUSPENDED, S.CLOSED):
            values["accepted_on"] = day + dt.timedelta(days=world.dice.randint(20, 60))
        if state in (S.PUBLISHED, S.SUSPENDED, S.CLOSED):
            values["published_on"] = values["accepted_on"] + dt.timedelta(days=10)
            values["checked_on"] = world.day(world.ago(45), world.today)
        if state == S.CLOSED:
            values["closed_on"] = world.day(world.ago(30), world.today)
        if state == S.PUBLISHED and world.dice.random() < 0.4:
            values["star_rating"] = world.dice.randint(3, 5)
            values["star_rated_on"] = world.day(world.ago(60), world.today)
        if state in (S.REJECTED, S.SUSPENDED, S.CLOSED):
            values["state_reason"] = world.dice.choice(("场地调整", "材料不全", "装修"))
        return values

    def _furnish(self, point: ServicePoint, kind: PointKind) -> None:
        dice = self.world.dice
        further = dice.sample(FURTHER, dice.randint(3, 9))
        drivers = DRIVERS_ONLY if kind == PointKind.DRIVER_HOME else ()
        self.facilities += [
            PointFacility(point=point, code=code.value, checked_on=point.checked_on)
            for code in (*BASIC, *drivers, *further)
        ]
        point.is_24h = dice.random() < 0.12
        if not point.is_24h:
            self._set_hours(point)
        if dice.random() < 0.1:
            day = self.world.today + dt.timedelta(days=HOLIDAY_IN_DAYS)
            self.holidays.append(
                HolidayHours(
                    id=self.world.numbers.key(), point=point, day=day, is_closed=True, note="检修"
                )
            )

    def _set_hours(self, point: ServicePoint) -> None:
        working, weekend = self.world.dice.choice(WEEKS)
        for weekday in range(7):
            self.hours += [
                OpeningHours(point=point, weekday=weekday, opens=opens, closes=closes)
                for opens, closes in (weekend if weekday > 4 else working)
            ]


def _exact(shares: tuple[tuple[PointState, int], ...], total: int) -> list[PointState]:
    """Return each state by its share, at least once, `total` in all; the first takes the rest."""
    counts = {state: max(1, total * share // 100) for state, share in shares[1:]}
    first = shares[0][0]
    states = [first] * (total - sum(counts.values()))
    return states + [state for state, count in counts.items() for _point in range(count)]
