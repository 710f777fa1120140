"""What a head office's own system says of its members here (domain.md 1.1, the courier's tiers)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from members.models.bodies import UnitRows
from members.models.organisation import UnionUnit
from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only
from unionportal.core.scope import ScopedQuerySet


class UnitFeedQuerySet(UnitRows, ScopedQuerySet["UnitFeed"]):
    pass


class UnitFeed(models.Model):
    """A number of members on a day, as the unit's own system sent it; append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="feeds")
    as_of = models.DateField()
    members = models.PositiveIntegerField()
    women = models.PositiveIntegerField(null=True, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UnitFeedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "-as_of"], name="feed_by_unit")]
        constraints = [
            models.CheckConstraint(
                name="feed_women_are_members",
                condition=Q(women__isnull=True) | Q(women__lte=models.F("members")),
            )
        ]
        triggers = append_only("unit_feed")

    def __str__(self) -> str:
        return f"{self.members} of {self.unit_id} on {self.as_of}"
