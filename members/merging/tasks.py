"""The nightly search for people who are on file twice, and the job that does it."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.dispatch import receiver

from members.merging.finding import FIND, find_pairs, look_soon
from members.signals import memberships_loaded
from unionportal.core import jobs
from unionportal.core.jobs import Progress
from unionportal.core.schedules import every

DAY = 86_400


@jobs.handler(FIND)
def find_duplicates(progress: Progress) -> None:
    found = find_pairs()
    progress.report(done=0, new=found.new, reopened=found.reopened)


@shared_task(name="members.look_for_duplicates")
def look_for_duplicates() -> None:
    look_soon()


@receiver(memberships_loaded)
def look_after_a_load(sender: Any, **_more: Any) -> None:
    """A register brings records of people who are on file already."""
    look_soon()


every(DAY, "members.look_for_duplicates")
