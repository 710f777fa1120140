"""The scheduler outlives a wall clock that jumps, forward and back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask

from unionportal.celery import app
from unionportal.core import schedules
from unionportal.core.beat import HeartbeatScheduler

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EIGHT_HOURS = timedelta(hours=8)


class Scheduler(HeartbeatScheduler):
    """Notes what it would send instead of sending it to the workers of other tests."""

    def apply_entry(self, entry, producer=None):
        self.sent[entry.name] += 1

    def schedule_changed(self):
        return False  # nobody edits them here

    def sync(self):
        """Keep the connection: the scheduler's own would end the test's transaction."""

    def run_out(self):
        """Tick until nothing is due; return what was sent."""
        self.sent = Counter()
        while self.tick() <= 0:
            pass
        return self.sent


@pytest.fixture
def scheduler(db):
    schedules.seed()
    PeriodicTask.objects.update(last_run_at=NOON - timedelta(days=1))
    with time_machine.travel(NOON, tick=False):
        made = Scheduler(app=app)
        assert made.run_out()["benefits.collect_bank_files"] == 1
        assert made.run_out() == {}
    return made


@pytest.mark.parametrize("jump", [EIGHT_HOURS, -EIGHT_HOURS])
def test_tasks_go_on_after_the_clock_jumped_there_and_back(scheduler, jump):
    with time_machine.travel(NOON + jump, tick=False):
        assert scheduler.run_out()["benefits.collect_bank_files"] == 1
    for seconds in (6, 12):
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            assert scheduler.run_out()["benefits.collect_bank_files"] == 1


def test_a_scheduler_started_after_the_clock_was_put_back_sends_at_once(scheduler):
    with time_machine.travel(NOON + EIGHT_HOURS, tick=False):
        scheduler.run_out()
        for entry in scheduler.schedule.values():
            entry.save()
    with time_machine.travel(NOON + timedelta(seconds=6), tick=False):
        assert Scheduler(app=app).run_out()["benefits.collect_bank_files"] == 1
