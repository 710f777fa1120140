"""Heartbeats of worker and beat: one row each, in the database's clock."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from unionportal.core.models import Heartbeat

FRESH = timedelta(seconds=60)


def beat(name: str) -> None:
    """Say that `name` is alive now."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def is_fresh(name: str) -> bool:
    """Say whether `name` was alive within the last minute."""
    return Heartbeat.objects.filter(name=name, at__gt=timezone.now() - FRESH).exists()
