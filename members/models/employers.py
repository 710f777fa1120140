"""What is dated about an employer: headcounts, links to other firms, former areas."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.organisation import Area, CodeList, Employer
from members.models.people import Membership
from members.states import HeadcountSource, LinkKind
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class Industry(CodeList):
    """GB/T 4754-2017: sections A to T and the divisions in them."""

    code = models.CharField(max_length=2, primary_key=True)
    section = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="divisions"
    )
    order = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["order"]


class HeadcountQuerySet(ScopedQuerySet["EmployerHeadcount"]):
    view_permission = Permission.VIEW_ORGANISATION
    area_lookup = "employer__area"


class EmployerHeadcount(models.Model):
    """How many worked there, by whose count; valid until the next count."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="headcounts")
    started_on = models.DateField(_("counted on"))
    ended_on = models.DateField(null=True, blank=True)
    employees = models.PositiveIntegerField(_("employees"))
    women = models.PositiveIntegerField(_("women"), null=True, blank=True)
    migrants = models.PositiveIntegerField(_("migrant workers"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=20, choices=HeadcountSource)
    note = models.CharField(_("note"), max_length=80, blank=True, default="")

    objects = HeadcountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="headcount_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            models.CheckConstraint(
                name="headcount_parts_fit",
                condition=(Q(women__isnull=True) | Q(women__lte=F("employees")))
                & (Q(migrants__isnull=True) | Q(migrants__lte=F("employees"))),
            ),
            ExclusionConstraint(
                name="headcount_one_a_day",
                expressions=[
                    ("employer", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employer_id}: {self.employees} on {self.started_on}"


class LinkQuerySet(ScopedQuerySet["EmployerLink"]):
    view_permission = Permission.VIEW_ORGANISATION

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_areas("host__area") | scope.in_areas("affiliate__area")


class EmployerLink(models.Model):
    """A firm, driver or vehicle that works under the name of a host firm, from when to when.

    `hosted` is 挂靠: another firm, a member or a plate registered under the host. `contractor` is
    the firm through which a platform company has its people work.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=LinkKind)
    host = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="guests")
    affiliate = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="hosts"
    )
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="hosts"
    )
    vehicle_plate = models.CharField(_("plate"), max_length=10, blank=True, default="")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="link_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            models.CheckConstraint(
                name="link_has_another_side",
                condition=Q(affiliate__isnull=False, membership__isnull=True, vehicle_plate="")
                | Q(kind="hosted", affiliate__isnull=True, membership__isnull=False)
                | (
                    Q(kind="hosted", affiliate__isnull=True, membership__isnull=True)
                    & ~Q(vehicle_plate="")
                ),
            ),
            models.CheckConstraint(name="link_not_to_itself", condition=~Q(affiliate=F("host"))),
            ExclusionConstraint(
                name="link_firm_once",
                expressions=[
                    ("kind", RangeOperators.EQUAL),
                    ("host", RangeOperators.EQUAL),
                    ("affiliate", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(affiliate__isnull=False),
            ),
            ExclusionConstraint(
                name="link_vehicle_one_host",
                expressions=[
                    ("vehicle_plate", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=~Q(vehicle_plate=""),
            ),
            ExclusionConstraint(
                name="link_driver_once",
                expressions=[
                    ("host", RangeOperators.EQUAL),
                    ("membership", RangeOperators.EQUAL),
                    ("vehicle_plate", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(membership__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} under {self.host_id}"


class PastAreaQuerySet(ScopedQuerySet["EmployerPastArea"]):
    view_permission = Permission.VIEW_ORGANISATION
    area_lookup = "employer__area"


class EmployerPastArea(models.Model):
    """An area an employer lay in before; today's is on the employer. No start = ever since."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="past_areas")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField()

    objects = PastAreaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="past_area_dates_ordered",
                condition=Q(started_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            ExclusionConstraint(
                name="past_area_one_a_day",
                expressions=[
                    ("employer", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employer_id} in {self.area_id} until {self.ended_on}"


class SuccessionQuerySet(ScopedQuerySet["AreaSuccession"]):
    view_permission = Permission.VIEW_ORGANISATION
    area_lookup = "successor"


class AreaSuccession(models.Model):
    """What an area that ended became: one area or several."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    predecessor = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="successions")
    successor = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="precessions")

    objects = SuccessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="succession_once", fields=["predecessor", "successor"]),
            models.CheckConstraint(
                name="succession_not_to_itself", condition=~Q(predecessor=F("successor"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor_id} became {self.successor_id}"
