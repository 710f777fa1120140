"""How the tree changed: industrial parents by date, and every move, split, merger and closing."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.bodies import UnitRows
from members.models.organisation import UnionUnit
from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only
from unionportal.core.ranges import day_range
from unionportal.core.scope import ScopedQuerySet


class IndustrialPlacement(models.Model):
    """Under which industrial union a unit stood beside its place in the tree, and when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(
        UnionUnit, on_delete=models.PROTECT, related_name="industrial_placements"
    )
    parent = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="+")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="industrial_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
            ),
            models.CheckConstraint(
                name="industrial_parent_is_another", condition=~Q(unit=F("parent"))
            ),
            ExclusionConstraint(
                name="industrial_one_parent_a_day",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} under {self.parent_id}"


class UnitChangeQuerySet(UnitRows, ScopedQuerySet["UnitChange"]):
    pass


class UnitChange(models.Model):
    """One unit was moved, split, merged or closed, and what went with it; append-only.

    `target` is the new parent of a move, else where members and employers went.
    """

    class Kind(models.TextChoices):
        MOVE = "move", _("Moved")
        SPLIT = "split", _("Split")
        MERGE = "merge", _("Merged")
        CLOSE = "close", _("Closed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="changes")
    target = models.ForeignKey(
        UnionUnit, null=True, on_delete=models.PROTECT, related_name="received"
    )
    kind = models.CharField(max_length=6, choices=Kind)
    happened_on = models.DateField()
    reason = models.CharField(max_length=200)
    document_no = models.CharField(max_length=40, blank=True, default="")
    members = models.PositiveIntegerField(default=0)
    employers = models.PositiveIntegerField(default=0)
    units = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UnitChangeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "-happened_on"], name="change_by_unit")]
        triggers = append_only("unit_change")

    def __str__(self) -> str:
        return f"{self.kind} of {self.unit_id} on {self.happened_on}"
