"""Wake-ups of the ground floor; each is safe to run twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from unionportal.core import heartbeat, housekeeping, jobs, retention
from unionportal.core.exports import actions as exports  # noqa: F401 - registers its job
from unionportal.core.messaging import outbox
from unionportal.core.schedules import every


@shared_task(name="core.heartbeat")
def worker_heartbeat() -> None:
    heartbeat.beat("worker")


@shared_task(name="core.run_job")
def run_job(job_id: str) -> None:
    jobs.run(UUID(job_id))


@shared_task(name="core.sweep_jobs")
def sweep_jobs() -> None:
    jobs.requeue_stale()


@shared_task(name="core.send_messages")
def send_messages() -> None:
    outbox.send_waiting()


@shared_task(name="core.housekeeping")
def keep_house() -> None:
    housekeeping.drop_expired()


@shared_task(name="core.retention")
def drop_by_schedule() -> None:
    retention.run()


every(5, "core.heartbeat")
every(5, "core.sweep_jobs")
every(5, "core.send_messages")
every(3600, "core.housekeeping")
# More often than nightly, so that a night the machine slept through is made up for.
every(21_600, "core.retention")
