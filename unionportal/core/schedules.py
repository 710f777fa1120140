"""Which tasks beat wakes, and how often: declared beside the task, seeded by a command."""

from __future__ import annotations

from dataclasses import dataclass

from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Schedule:
    task: str
    seconds: int


_schedules: dict[str, Schedule] = {}


def every(seconds: int, task: str) -> None:
    """Declare that beat wakes `task` every so many seconds."""
    _schedules[task] = Schedule(task, seconds)


def declared() -> list[Schedule]:
    return sorted(_schedules.values(), key=lambda schedule: schedule.task)


def seed() -> int:
    """Write the declared schedules to beat's table, keeping a pause; return the count."""
    for schedule in declared():
        interval, _made = IntervalSchedule.objects.get_or_create(
            every=schedule.seconds, period=IntervalSchedule.SECONDS
        )
        task, made = PeriodicTask.objects.get_or_create(
            name=schedule.task,
            defaults={"task": schedule.task, "interval": interval, "expire_seconds": 60},
        )
        if not made and (task.interval_id != interval.pk or task.task != schedule.task):
            task.task, task.interval = schedule.task, interval
            task.save()
    PeriodicTask.objects.exclude(name__in=_schedules).exclude(name__startswith="celery.").filter(
        task__regex=r"^(core|members|outreach|benefits|stations|reports)\."
    ).delete()
    return len(_schedules)
