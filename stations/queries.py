"""Reads of service points: published ones, by distance, open now."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from members.models import Area
from stations.models import HolidayHours, OpeningHours, PointQuerySet, ServicePoint
from stations.rules import LOOK_AHEAD, OpenState, Span, Timetable
from stations.rules import opening as opening_of
from stations.states import PointState
from unionportal.core.geo import Point, distance_m
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

FAR_KM = 60
# Two points have no middle that one of them does not move.
FEWEST = 3
LOCAL_LEVELS = (Area.Level.SUBDISTRICT, Area.Level.TOWNSHIP, Area.Level.PARK)


class Near(NamedTuple):
    """A point and how far it is, in whole metres."""

    point: ServicePoint
    metres: int


def published() -> PointQuerySet:
    """Return what workers see: published points with area and facilities, by area and name."""
    points = ServicePoint.objects.all().published().select_related("area", "host")
    return points.prefetch_related("facilities").order_by("area__path", "name", "pk")


def near(lon: float, lat: float, points: Iterable[ServicePoint] | None = None) -> list[Near]:
    """Return points (default: published) by distance from a WGS-84 place, nearest first.

    Every point is measured: a district has hundreds, and a scan of hundreds is exact.
    """
    here = Point(lon, lat)
    rows = published() if points is None else points
    found = [Near(point, round(distance_m(here, point.place))) for point in rows]
    return sorted(found, key=lambda one: (one.metres, one.point.name, str(one.point.pk)))


def timetables(points: Sequence[ServicePoint], since: dt.date) -> dict[UUID, Timetable]:
    """Return what decides the opening of each point from `since` on; two queries for all."""
    ids = [point.pk for point in points]
    week: dict[UUID, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for row in OpeningHours.objects.filter(point_id__in=ids).order_by("weekday", "opens"):
        week[row.point_id][row.weekday].append(Span(row.opens, row.closes))
    days: dict[UUID, dict[dt.date, list[Span]]] = defaultdict(lambda: defaultdict(list))
    until = since + dt.timedelta(days=LOOK_AHEAD)
    rows = HolidayHours.objects.filter(point_id__in=ids, day__range=(since, until))
    for own in rows.order_by("day", "opens"):
        spans = days[own.point_id][own.day]
        if own.opens is not None and own.closes is not None:
            spans.append(Span(own.opens, own.closes))
    return {
        point.pk: Timetable(
            point.is_24h, dict(week[point.pk]), dict(days[point.pk]), point.holiday_rule
        )
        for point in points
    }


def openings(
    points: Sequence[ServicePoint], at: dt.datetime | None = None
) -> dict[UUID, OpenState]:
    """Return for each point whether it is open `at` (default now); two queries for all."""
    local = timezone.localtime(at)
    tables = timetables(points, local.date())
    return {pk: opening_of(table, local) for pk, table in tables.items()}


def opening(point: ServicePoint, at: dt.datetime | None = None) -> OpenState:
    """Return whether `point` is open `at` (default now), until when or from when next."""
    return openings([point], at)[point.pk]


def state_counts(rows: QuerySet[ServicePoint]) -> dict[str, int]:
    """Return how many of `rows` are in each state: applied, accepted and published apart."""
    counted = rows.order_by().values_list("state").annotate(n=Count("pk"))
    return dict(counted)


def waiting_count(user: AnyUser) -> int:
    """Return how many applications wait for a decision `user` may take."""
    mine = ServicePoint.objects.visible_to(user, Permission.ACCEPT_STATION)
    return mine.filter(state=PointState.APPLIED).count()


def local_areas(day: dt.date | None = None) -> QuerySet[Area]:
    """Return the sub-districts, towns and parks valid on `day` (default today), in tree order."""
    day = day or timezone.localdate()
    rows: QuerySet[Area] = Area.objects.filter(level__in=LOCAL_LEVELS, valid_from__lte=day)
    rows = rows.exclude(valid_to__lte=day)
    return rows.order_by("path")


def district_centre(without: UUID | None = None) -> Point | None:
    """Return the middle of the district in WGS-84: the setting, else the points recorded so far.

    The middle of the points is a median, so that one mistyped point does not move it. None
    without a setting and fewer than three points.
    """
    if text := settings.DISTRICT_CENTRE:
        lon, lat = text.split(",")
        return Point(float(lon), float(lat))
    rows = ServicePoint.objects.exclude(pk=without) if without else ServicePoint.objects.all()
    places = list(rows.values_list("lon_wgs84", "lat_wgs84"))
    if len(places) < FEWEST:
        return None
    return Point(median(lon for lon, _lat in places), median(lat for _lon, lat in places))


def km_from_centre(point: ServicePoint) -> int | None:
    """Return whole kilometres from the middle of the district when that is suspiciously far."""
    centre = district_centre(without=point.pk)
    km = round(distance_m(centre, point.place) / 1000) if centre else 0
    return km if km > FAR_KM else None
