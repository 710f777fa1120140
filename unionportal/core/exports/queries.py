"""Files from lists: one's own, and those that wait for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from unionportal.core.models import ExportRequest
from unionportal.core.models.lists import ExportQuerySet, ExportState

if TYPE_CHECKING:
    from unionportal.core.models import User


def exports_of(user: User) -> ExportQuerySet:
    """Return what `user` asked for and what waits within reach."""
    waiting = ExportRequest.objects.visible_to(user).filter(state=ExportState.WAITING)
    mine_or_waiting = Q(requested_by=user) | Q(pk__in=waiting.values("pk"))
    rows = ExportRequest.objects.filter(mine_or_waiting)
    return rows.select_related("requested_by", "decided_by", "job", "file")


def waiting_for(user: User) -> int:
    """Return how many files wait for `user` to agree."""
    rows = ExportRequest.objects.visible_to(user).filter(state=ExportState.WAITING)
    return rows.exclude(requested_by=user).count()
