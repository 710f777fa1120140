"""What the portal found when it compared its own books."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only


class BooksCheck(models.Model):
    """One comparison of all that must agree; append-only, so a bad one cannot be made good.

    `found` holds the first differences as [rule, id, what was found]; `differences` counts all.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Empty when the portal looked by itself.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_default=Now(), editable=False)
    rules = models.PositiveSmallIntegerField()
    differences = models.PositiveIntegerField()
    found = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["-ended_at", "-id"], name="books_check_newest")]
        triggers = append_only("books_check")

    def __str__(self) -> str:
        return f"{self.ended_at} {self.differences}"
