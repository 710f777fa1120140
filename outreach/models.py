"""Drives: what is aimed at, who answers for which area, and who came in through them."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Application, Area, Person, UnionUnit, WorkerGroup
from outreach.rules import CODE_PATTERN, ancestors_of
from outreach.states import DRIVE_MACHINE, DriveState, KnownAs
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range, open_on
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet

NO_DRIVE = uuid.UUID(int=0)


class DriveQuerySet(ScopedQuerySet["Drive"]):
    view_permission = Permission.VIEW_DRIVES

    def scope_filter(self, scope: Scope) -> Q:
        """Own drives, and drives that touch an area in reach from above or below."""
        areas = Area.objects.filter(scope.in_areas("") | Q(path__in=ancestors_of(scope.area_paths)))
        touching = Drive.areas.through.objects.filter(area_id__in=areas.order_by().values("id"))
        return Q(pk__in=touching.values("drive_id")) | scope.in_units("owner")

    def running(self, day: dt.date) -> DriveQuerySet:
        """Drives that are open and whose period holds `day`."""
        return self.filter(open_on(day), state=DriveState.OPEN)


class Drive(models.Model):
    """An enrolment drive: period, groups, areas. Half-open period: `ended_on` is the day after."""

    machine = DRIVE_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=60)
    state = models.CharField(max_length=6, choices=DriveState, default=DriveState.DRAFT)
    started_on = models.DateField(_("first day"))
    ended_on = models.DateField(_("day after the last"))
    owner = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="drives")
    groups = models.ManyToManyField(WorkerGroup, related_name="drives")
    areas = models.ManyToManyField(Area, related_name="drives")
    # Counts the edits of the target grid, so that a stale grid is noticed.
    version = models.PositiveIntegerField(default=1, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = DriveQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-started_on", "-id"], name="drive_newest")]
        constraints = [
            models.CheckConstraint(name="drive_has_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="drive_dates_ordered", condition=Q(ended_on__gt=F("started_on"))
            ),
            models.CheckConstraint(
                name="drive_opened_is_timed",
                condition=Q(state="draft", opened_at__isnull=True)
                | (~Q(state="draft") & Q(opened_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="drive_closed_is_timed",
                condition=Q(state="closed", closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def last_on(self) -> dt.date:
        """The last day of the period."""
        return self.ended_on - dt.timedelta(days=1)

    @property
    def is_running(self) -> bool:
        """Whether people can come in through this drive today."""
        today = timezone.localdate()
        return self.state == DriveState.OPEN and self.started_on <= today < self.ended_on


class Target(models.Model):
    """How many people a drive wants in an area and a group."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="targets")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="target_one_per_cell", fields=["drive", "area", "group"]),
            models.CheckConstraint(name="target_is_positive", condition=Q(count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.group_id} {self.count}"


class PatchQuerySet(ScopedQuerySet["PatchAssignment"]):
    view_permission = Permission.VIEW_DRIVES
    area_lookup = "area"

    def in_force(self, day: dt.date) -> PatchQuerySet:
        """Patches that count on `day`; one of a drive only while that drive runs."""
        running = Drive.objects.running(day)
        return self.filter(open_on(day)).filter(
            Q(drive__isnull=True) | Q(drive_id__in=running.values("pk"))
        )


class PatchAssignment(models.Model):
    """An officer answers for an area, for some days; of a drive, or standing (no drive)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    drive = models.ForeignKey(
        Drive, null=True, blank=True, on_delete=models.PROTECT, related_name="patches"
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="patches"
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="patches")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = PatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-started_on", "-id"], name="patch_newest")]
        constraints = [
            models.CheckConstraint(
                name="patch_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
            ),
            ExclusionConstraint(
                name="patch_once_per_officer_and_area",
                expressions=[
                    # A null drive equals no other null, so a standing patch gets a stand-in.
                    (Coalesce("drive", Value(NO_DRIVE)), RangeOperators.EQUAL),
                    ("officer", RangeOperators.EQUAL),
                    ("area", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This officer answers for this area already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer_id} in {self.area_id}"


class JoinCodeQuerySet(ScopedQuerySet["JoinCode"]):
    view_permission = Permission.VIEW_DRIVES

    def scope_filter(self, scope: Scope) -> Q:
        """Codes are seen by whoever sees their drive."""
        mine = Drive.objects.filter(Drive.objects.all().scope_filter(scope))
        return Q(drive_id__in=mine.values("pk"))


class JoinCode(models.Model):
    """A short code on a poster: who scans it joins `unit` through the drive."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="codes")
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=8, unique=True)
    place = models.CharField(_("place"), max_length=60)
    # The last day on which the code works.
    expires_on = models.DateField(_("works until"))
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = JoinCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="joincode_form", condition=Q(code__regex=CODE_PATTERN)),
            models.CheckConstraint(name="joincode_has_place", condition=~Q(place="")),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def works(self) -> bool:
        """Whether somebody can join with it today (`drive` and `unit` loaded)."""
        in_time = self.is_active and timezone.localdate() <= self.expires_on
        return in_time and self.drive.is_running and self.unit.takes_members


class EnrolmentQuerySet(ScopedQuerySet["DriveEnrolment"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        """Enrolments are seen by whoever sees the application behind them."""
        mine = Application.objects.filter(Application.objects.all().scope_filter(scope))
        return Q(application_id__in=mine.values("id"))

    def joined(self) -> EnrolmentQuerySet:
        """Enrolments that count: approved, and the membership not annulled since."""
        return self.filter(application__state="approved").exclude(
            application__membership__state="annulled"
        )


class DriveEnrolment(models.Model):
    """An application that came in through a drive; `area` is the drive's area it counts for."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="drive_enrolment"
    )
    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="enrolments")
    join_code = models.ForeignKey(
        JoinCode, null=True, on_delete=models.PROTECT, related_name="enrolments"
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["drive", "area", "group"], name="enrolment_by_cell"),
            models.Index(fields=["drive", "-created_at", "-id"], name="enrolment_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} in {self.drive_id}"


class KnownJoin(models.Model):
    """Somebody already known scanned a code. The phone said nothing of it; officers see it here."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_ref = models.UUIDField(unique=True, editable=False)
    join_code = models.ForeignKey(JoinCode, on_delete=models.PROTECT, related_name="known")
    known_as = models.CharField(max_length=10, choices=KnownAs)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    application = models.ForeignKey(
        Application, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["join_code", "-created_at"], name="known_by_code")]

    def __str__(self) -> str:
        return f"{self.join_code_id} {self.known_as}"
