"""Areas, union units, employers: three different things (architecture.md decision 4)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node, MP_NodeManager, MP_NodeQuerySet

from members.models.unit_triggers import dissolved_is_empty
from members.states import (
    MEMBER_KINDS,
    UNIT_MACHINE,
    UPPER_KINDS,
    FormationMethod,
    UnionisedState,
    UnitKind,
    UnitStatus,
)
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class CodeList(models.Model):
    """A code with a name in both languages."""

    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        is_english = (get_language() or "").startswith("en")
        return self.name_en if is_english and self.name_en else self.name_zh


class AreaQuerySet(ScopedQuerySet["Area"], MP_NodeQuerySet):  # type: ignore[misc]
    view_permission = Permission.VIEW_ORGANISATION

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_areas("")


class AreaManager(MP_NodeManager.from_queryset(AreaQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> AreaQuerySet:
        return AreaQuerySet(self.model, using=self._db).order_by("path")


class Area(MP_Node, CodeList):  # type: ignore[misc,django-manager-missing]
    """A division or a managed zone, with validity and successor (domain.md 4.2)."""

    class Kind(models.TextChoices):
        DIVISION = "division", _("Division")
        ZONE = "zone", _("Zone")

    class Level(models.TextChoices):
        DISTRICT = "district", _("District")
        SUBDISTRICT = "subdistrict", _("Sub-district")
        TOWNSHIP = "township", _("Township")
        PARK = "park", _("Park")
        COMMUNITY = "community", _("Community")
        VILLAGE = "village", _("Village")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # GB/T 2260 and GB/T 10114; a zone has none of its own. An area that ended keeps its code.
    code = models.CharField(max_length=12, null=True, blank=True)  # noqa: DJ001 - null: unique where there is one
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DIVISION)
    level = models.CharField(max_length=12, choices=Level)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    node_order_by: ClassVar[list[str]] = []
    objects = AreaManager()

    class Meta:
        indexes = [models.Index(fields=["code"], name="area_by_code")]
        constraints = [
            models.UniqueConstraint(
                name="area_code_once_in_force",
                fields=["code"],
                condition=Q(valid_to__isnull=True),
                violation_error_message=_("Another area has this code."),
            ),
            models.CheckConstraint(
                name="area_dates_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]


class WorkerGroup(CodeList):
    """One of the eight groups or a later one; a dated code list (domain.md section 3)."""

    code = models.CharField(max_length=30, primary_key=True)
    is_eight_group = models.BooleanField(default=False)
    is_new_form = models.BooleanField(default=False)
    needs_plate = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=100)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["order", "code"]


class UnitQuerySet(ScopedQuerySet["UnionUnit"], MP_NodeQuerySet):  # type: ignore[misc]
    view_permission = Permission.VIEW_ORGANISATION

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_units("") | scope.in_areas("area")

    def taking_members(self) -> UnitQuerySet:
        return self.filter(kind__in=MEMBER_KINDS, status=UnitStatus.ESTABLISHED)


class UnitManager(MP_NodeManager.from_queryset(UnitQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> UnitQuerySet:
        return UnitQuerySet(self.model, using=self._db).order_by("path")


class UnionUnit(MP_Node):  # type: ignore[misc]
    """Any union organisation. The tree is today's; `UnitPlacement` is its history."""

    machine = UNIT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=UnitKind)
    status = models.CharField(
        _("status"), max_length=12, choices=UnitStatus, default=UnitStatus.PREPARING
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="units"
    )
    industrial_parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="industrial_children"
    )
    credit_code = models.CharField(max_length=18, unique=True, null=True, blank=True)
    # A head-office union outside the district, whose own system masters its members.
    is_external = models.BooleanField(default=False)
    contact_name = models.CharField(max_length=50, blank=True, default="")
    contact_phone = models.CharField(max_length=20, blank=True, default="")
    established_on = models.DateField(null=True, blank=True)
    dissolved_on = models.DateField(null=True, blank=True)
    reported_members = models.PositiveIntegerField(null=True, blank=True)
    reported_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    node_order_by: ClassVar[list[str]] = []
    objects = UnitManager()

    class Meta:
        indexes = [
            models.Index(fields=["area", "kind"], name="unit_by_area"),
            GinIndex(fields=["name"], name="unit_name_trgm", opclasses=["gin_trgm_ops"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="unit_established_has_date",
                condition=~Q(status="established") | Q(established_on__isnull=False),
            ),
            models.CheckConstraint(
                name="unit_dissolved_has_date",
                condition=~Q(status="dissolved") | Q(dissolved_on__isnull=False),
            ),
            models.CheckConstraint(
                name="unit_local_has_area",
                condition=Q(is_external=True) | Q(kind__in=UPPER_KINDS) | Q(area__isnull=False),
            ),
            models.CheckConstraint(
                name="unit_reported_is_dated",
                condition=Q(reported_members__isnull=True, reported_on__isnull=True)
                | Q(reported_members__isnull=False, reported_on__isnull=False),
            ),
        ]
        triggers = [dissolved_is_empty()]

    def __str__(self) -> str:
        return self.name

    @property
    def takes_members(self) -> bool:
        return self.kind in MEMBER_KINDS and self.status == UnitStatus.ESTABLISHED


class UnitPlacement(models.Model):
    """Where a unit hung in the tree, and from when to when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="placements")
    parent = models.ForeignKey(
        UnionUnit, null=True, on_delete=models.PROTECT, related_name="child_placements"
    )
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="placement_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            ExclusionConstraint(
                name="placement_one_parent_a_day",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} under {self.parent_id}"


class EmployerQuerySet(ScopedQuerySet["Employer"]):
    view_permission = Permission.VIEW_ORGANISATION
    area_lookup = "area"


class Employer(models.Model):
    """A firm, institution or office: not the union in it (two legal persons, two codes)."""

    class Ownership(models.TextChoices):
        STATE = "state", _("State-owned")
        COLLECTIVE = "collective", _("Collective")
        JOINT_STOCK = "joint_stock", _("Joint-stock")
        PRIVATE = "private", _("Private")
        HMT = "hmt", _("Invested from Hong Kong, Macao or Taiwan")
        FOREIGN = "foreign", _("Foreign-invested")
        INSTITUTION = "institution", _("Public institution")
        GOVERNMENT = "government", _("Government office")
        INDIVIDUAL = "individual", _("Individual business")
        NON_ENTERPRISE = "nonprofit", _("Private non-enterprise unit")
        OTHER = "other", _("Other")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    credit_code = models.CharField(
        _("credit code"), max_length=18, unique=True, null=True, blank=True
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="employers")
    address = models.CharField(_("address"), max_length=200, blank=True, default="")
    industry = models.ForeignKey(
        "members.Industry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ownership = models.CharField(max_length=12, choices=Ownership, default=Ownership.PRIVATE)
    # The latest row of `EmployerHeadcount`, kept here for lists.
    headcount = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    headcount_on = models.DateField(null=True, blank=True)
    headcount_source = models.CharField(max_length=80, blank=True, default="")
    # Derived: `members.actions.employers.derive_union_states` is the only writer.
    union_state = models.CharField(
        max_length=20, choices=UnionisedState, default=UnionisedState.NOT_UNIONISED
    )
    is_preparing_union = models.BooleanField(default=False)
    # Where its union is when that is not here: the head office's, in another district.
    union_elsewhere = models.CharField(max_length=120, blank=True, default="")
    is_platform_company = models.BooleanField(default=False)
    pays_dues = models.BooleanField(default=False)
    is_operating = models.BooleanField(default=True)
    # The employer this row was a double of; nothing points to a double any more.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="doubles"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EmployerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["area", "name"], name="employer_by_area"),
            GinIndex(fields=["name"], name="employer_name_trgm", opclasses=["gin_trgm_ops"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="employer_headcount_is_dated",
                condition=Q(headcount__isnull=True) | Q(headcount_on__isnull=False),
            ),
            models.CheckConstraint(
                name="employer_elsewhere_says_where",
                condition=~Q(union_state="unionised_elsewhere") | ~Q(union_elsewhere=""),
            ),
            models.CheckConstraint(
                name="employer_double_is_closed",
                condition=Q(merged_into__isnull=True)
                | Q(is_operating=False, credit_code__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EmployerCoverage(models.Model):
    """A unit covers an employer, from when to when, formed how (domain.md 1.3)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="coverages")
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="coverages")
    method = models.CharField(max_length=12, choices=FormationMethod)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="coverage_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            ExclusionConstraint(
                name="coverage_once_per_unit",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    ("employer", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} covers {self.employer_id}"
