"""Service points: where they are, what they have, when they are open."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from members.models import Area, Employer
from stations.states import (
    BUILT,
    POINT_MACHINE,
    BuildMode,
    EntryWay,
    Facility,
    HolidayRule,
    PointKind,
    PointState,
)
from unionportal.core.geo import Datum, Point
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet

DAY_MINUTES = 1440
WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


def clock(minute: int) -> str:
    """Return minutes after midnight as 08:30; the day's end is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


class PointQuerySet(ScopedQuerySet["ServicePoint"]):
    view_permission = Permission.VIEW_STATIONS
    area_lookup = "area"

    def published(self) -> PointQuerySet:
        return self.filter(state=PointState.PUBLISHED)


class ServicePoint(models.Model):
    """A drivers' home, a couriers' home, an outdoor workers' station: applied for is not built."""

    machine = POINT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # From a sequence of the database, so that two recorded at once get two numbers.
    serial_no = models.PositiveIntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("stations_serial_no"), function="nextval"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=PointKind)
    name = models.CharField(_("name"), max_length=80)
    host = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="service_points"
    )
    host_name = models.CharField(_("host"), max_length=120, blank=True, default="")
    build_mode = models.CharField(max_length=12, choices=BuildMode, default=BuildMode.SHARED)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="service_points")
    address = models.CharField(_("address"), max_length=200)
    # As typed, with its datum; the WGS-84 pair is computed from it and used everywhere else.
    lon = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6)
    lat = models.DecimalField(_("latitude"), max_digits=8, decimal_places=6)
    datum = models.CharField(max_length=5, choices=Datum, default=Datum.WGS84)
    lon_wgs84 = models.FloatField(editable=False)
    lat_wgs84 = models.FloatField(editable=False)
    is_24h = models.BooleanField(_("open 24 hours"), default=False)
    holiday_rule = models.CharField(max_length=6, choices=HolidayRule, default=HolidayRule.SUNDAY)
    entry_way = models.CharField(max_length=4, choices=EntryWay, default=EntryWay.OPEN)
    entry_note = models.CharField(max_length=120, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    manager_name = models.CharField(max_length=50, blank=True, default="")
    checked_on = models.DateField(null=True, blank=True)
    star_rating = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(3), MaxValueValidator(5)]
    )
    star_rated_on = models.DateField(null=True, blank=True)
    plaque_no = models.CharField(max_length=40, blank=True, default="")
    plaque_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=PointState, default=PointState.DRAFT)
    # Why it was last rejected, suspended or closed.
    state_reason = models.CharField(max_length=300, blank=True, default="", editable=False)
    applied_on = models.DateField(null=True, editable=False)
    accepted_on = models.DateField(null=True, editable=False)
    published_on = models.DateField(null=True, editable=False)
    closed_on = models.DateField(null=True, editable=False)
    # Counts edits and moves, so that a stale form is noticed.
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PointQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["area", "state"], name="point_by_area"),
            models.Index(fields=["state", "kind"], name="point_by_state"),
        ]
        constraints = [
            models.CheckConstraint(name="point_is_named", condition=~Q(name="") & ~Q(address="")),
            models.CheckConstraint(
                name="point_lon_lat_in_range",
                condition=Q(
                    lon__range=(-180, 180), lat__range=(-90, 90),
                    lon_wgs84__range=(-180, 180), lat_wgs84__range=(-90, 90),
                ) & ~Q(lon=0, lat=0),
            ),
            models.CheckConstraint(
                name="point_shared_has_host",
                condition=~Q(build_mode="SHARED") | Q(host__isnull=False) | ~Q(host_name=""),
            ),
            models.CheckConstraint(
                name="point_stars_dated_3_to_5",
                condition=Q(star_rating__isnull=True, star_rated_on__isnull=True)
                | Q(star_rating__range=(3, 5), star_rated_on__isnull=False),
            ),
            models.CheckConstraint(
                name="point_plaque_is_dated",
                condition=Q(plaque_no="", plaque_on__isnull=True)
                | (~Q(plaque_no="") & Q(plaque_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="point_applied_is_dated",
                condition=Q(state=PointState.DRAFT) | Q(applied_on__isnull=False),
            ),
            models.CheckConstraint(
                name="point_built_was_accepted",
                condition=~Q(state__in=[*BUILT, PointState.CLOSED])
                | Q(accepted_on__isnull=False),
            ),
            models.CheckConstraint(
                name="point_published_is_dated",
                condition=~Q(state__in=[PointState.PUBLISHED, PointState.SUSPENDED])
                | Q(published_on__isnull=False),
            ),
            models.CheckConstraint(
                name="point_closed_is_dated",
                condition=Q(state=PointState.CLOSED, closed_on__isnull=False)
                | (~Q(state=PointState.CLOSED) & Q(closed_on__isnull=True)),
            ),
            models.CheckConstraint(
                name="point_dates_ordered",
                condition=(
                    Q(accepted_on__isnull=True) | Q(accepted_on__gte=F("applied_on"))
                ) & (Q(published_on__isnull=True) | Q(published_on__gte=F("accepted_on"))),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def number(self) -> str:
        """The serial number as it is printed."""
        return f"SP-{self.serial_no:05d}"

    @property
    def place(self) -> Point:
        """Longitude and latitude in WGS-84."""
        return Point(self.lon_wgs84, self.lat_wgs84)

    @property
    def host_label(self) -> str:
        return self.host.name if self.host else self.host_name

    @property
    def facilities_in_order(self) -> list[PointFacility]:
        """What is there, most wanted first, as the code list has it."""
        order = Facility.values
        return sorted(self.facilities.all(), key=lambda one: order.index(one.code))

    @property
    def is_editable(self) -> bool:
        return self.state != PointState.CLOSED


class PointFacility(models.Model):
    """A service point has something, seen on a day."""

    point = models.ForeignKey(ServicePoint, on_delete=models.CASCADE, related_name="facilities")
    code = models.CharField(max_length=14, choices=Facility)
    checked_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["code"]
        constraints = [
            models.UniqueConstraint(name="facility_once_per_point", fields=["point", "code"]),
            models.CheckConstraint(
                name="facility_code_known", condition=Q(code__in=Facility.values)
            ),
        ]

    def __str__(self) -> str:
        return str(Facility(self.code).label)


def _minutes(start: models.F | Coalesce, end: models.F | Coalesce) -> Func:
    return Func(start, end, function="int4range", output_field=IntegerRangeField())


class OpeningHours(models.Model):
    """One span of a weekday in minutes after midnight; past midnight is a span of the next day."""

    point = models.ForeignKey(ServicePoint, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS)
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                name="hours_in_a_week", condition=Q(weekday__lte=6, closes__lte=DAY_MINUTES)
            ),
            models.CheckConstraint(
                name="hours_close_after_opening", condition=Q(closes__gt=F("opens"))
            ),
            ExclusionConstraint(
                name="hours_do_not_overlap",
                expressions=[
                    ("point", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (_minutes(F("opens"), F("closes")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{clock(self.opens)}–{clock(self.closes)}"


class HolidayHours(models.Model):
    """What replaces the weekly hours on one day: closed, or a span; several spans, several rows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    point = models.ForeignKey(ServicePoint, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField()
    is_closed = models.BooleanField(default=False)
    opens = models.PositiveSmallIntegerField(null=True, blank=True)
    closes = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["day", "opens"]
        constraints = [
            models.CheckConstraint(
                name="holiday_closed_or_span",
                condition=Q(is_closed=True, opens__isnull=True, closes__isnull=True)
                | Q(is_closed=False, closes__gt=F("opens"), closes__lte=DAY_MINUTES),
            ),
            ExclusionConstraint(
                name="holiday_spans_do_not_overlap",
                expressions=[
                    ("point", RangeOperators.EQUAL),
                    ("day", RangeOperators.EQUAL),
                    (
                        _minutes(Coalesce(F("opens"), 0), Coalesce(F("closes"), DAY_MINUTES)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.words}"

    @property
    def words(self) -> str:
        if self.is_closed or self.opens is None or self.closes is None:
            return str(_("closed"))
        return f"{clock(self.opens)}–{clock(self.closes)}"
