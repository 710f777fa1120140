"""How long each kind of data is kept: dated settings, the newest that has begun holds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from unionportal.core.ids import new_id


class RetentionTerm(models.Model):
    """From `started_on` on, rows of `topic` are kept for `days` after their purpose ended."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    topic = models.CharField(max_length=40)
    days = models.PositiveIntegerField()
    started_on = models.DateField()
    reason = models.CharField(max_length=200)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="term_once_a_day", fields=["topic", "started_on"]),
            models.CheckConstraint(name="term_at_least_a_day", condition=Q(days__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.days}"
