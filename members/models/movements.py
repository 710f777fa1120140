"""Signed changes of the member count, and the same folded by month."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from members.models.organisation import Area, UnionUnit, WorkerGroup
from members.models.people import Membership
from members.states import MovementKind
from unionportal.core.models.audit import append_only


class Movement(models.Model):
    """A signed change of the member count of (unit, area, group) on a day; append-only."""

    id = models.BigAutoField(primary_key=True)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="movements")
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    delta = models.SmallIntegerField()
    kind = models.CharField(max_length=14, choices=MovementKind)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["day", "area", "group"], name="movement_by_day")]
        constraints = [
            models.CheckConstraint(name="movement_is_one", condition=Q(delta__in=[-1, 1]))
        ]
        triggers = append_only("movement")

    def __str__(self) -> str:
        return f"{self.delta:+d} {self.kind} {self.day}"


class MonthlyFlow(models.Model):
    """Movements folded per area, group and month; additive. Written with the movement itself."""

    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    came = models.PositiveIntegerField(default=0)
    went = models.PositiveIntegerField(default=0)
    joined = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="flow_one_row", fields=["area", "group", "month"], nulls_distinct=False
            ),
            models.CheckConstraint(name="flow_month_is_first", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.group_id} {self.month}"
