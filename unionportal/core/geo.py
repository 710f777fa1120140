"""Coordinates and their datums (domain.md §4.4).

GPS is WGS-84, Amap and Tencent use GCJ-02, Baidu BD-09; a datum mistaken moves a point 0.6 km. The
library's way back is about 2 m off; repeating it until the way there fits brings it under 1 cm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from coordTransform import out_of_china, wgs84_to_bd09, wgs84_to_gcj02
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from unionportal.core.input_errors import InputError

EARTH_RADIUS_M = 6_371_008.8
ROUNDS = 12
CLOSE_ENOUGH = 1e-9  # degrees, a tenth of a millimetre
DECIMALS = 6  # about 0.1 m, what phones and map services give


class Datum(TextChoices):
    """Which reference a coordinate was taken in."""

    WGS84 = "WGS84", _("GPS (WGS-84)")
    GCJ02 = "GCJ02", _("Amap or Tencent map (GCJ-02)")
    BD09 = "BD09", _("Baidu map (BD-09)")


class Point(NamedTuple):
    """Longitude and latitude in degrees."""

    lon: float
    lat: float


class GeoError(InputError):
    """A refused coordinate."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle around a district, in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside or on the edge."""
        return self.west <= point.lon <= self.east and self.south <= point.lat <= self.north

    def distance_m(self, point: Point) -> float:
        """Return metres from the point to the nearest edge; 0 inside."""
        nearest = Point(
            min(max(point.lon, self.west), self.east), min(max(point.lat, self.south), self.north)
        )
        return distance_m(point, nearest)


def from_wgs84(lon: float, lat: float, datum: str) -> Point:
    """Return the WGS-84 point in `datum`."""
    match Datum(datum):
        case Datum.WGS84:
            return Point(lon, lat)
        case Datum.GCJ02:
            return Point(*wgs84_to_gcj02(lon, lat))
        case _:
            return Point(*wgs84_to_bd09(lon, lat))


def to_wgs84(lon: float, lat: float, datum: str) -> Point:
    """Return the point given in `datum` as WGS-84, within a centimetre."""
    match Datum(datum):
        case Datum.WGS84:
            return Point(lon, lat)
        case Datum.GCJ02:
            return _inverse(wgs84_to_gcj02, Point(lon, lat))
        case _:
            return _inverse(wgs84_to_bd09, Point(lon, lat))


def distance_m(one: Point, other: Point) -> float:
    """Return metres along the great circle."""
    lat_1, lat_2 = math.radians(one.lat), math.radians(other.lat)
    half = (
        math.sin((lat_2 - lat_1) / 2) ** 2
        + math.cos(lat_1) * math.cos(lat_2) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def refuse_impossible(lon: float, lat: float) -> None:
    """Raise GeoError: not_a_number, zero, swapped, range."""
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise GeoError("not_a_number", _("Longitude and latitude are numbers, such as 113.7253."))
    if lon == 0 and lat == 0:
        raise GeoError("zero", _("The place is 0, 0: the device had no position. Take it again."))
    if looks_swapped(lon, lat):
        raise GeoError(
            "swapped",
            _("Longitude and latitude look swapped. Longitude here is between 73 and 136."),
        )
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise GeoError("range", _("No such place: longitude ends at 180, latitude at 90."))


def looks_swapped(lon: float, lat: float) -> bool:
    """Whether the two only make sense in China the other way round."""
    return out_of_china(lon, lat) and not out_of_china(lat, lon)


def outside_by_m(point: Point, box: Box) -> int:
    """Return whole metres by which a WGS-84 point misses the box, 0 inside; a warning only."""
    return 0 if box.contains(point) else max(1, round(box.distance_m(point)))


def _inverse(forward: Callable[[float, float], list[float]], target: Point) -> Point:
    guess = target
    for _round in range(ROUNDS):
        lon, lat = forward(guess.lon, guess.lat)
        miss = Point(lon - target.lon, lat - target.lat)
        guess = Point(guess.lon - miss.lon, guess.lat - miss.lat)
        if max(abs(miss.lon), abs(miss.lat)) < CLOSE_ENOUGH:
            break
    return guess
