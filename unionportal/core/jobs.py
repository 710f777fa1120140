"""Start and run jobs: the row is the queue, a message only wakes a worker.

A handler registered with `@handler("kind")` receives a claimed `Progress`; it must be safe to run
again after a kill (commit chunk by chunk, resume from `job.done`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from unionportal.core.actors import SYSTEM, ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models.jobs import Job, JobState
from unionportal.core.transitions import move
from unionportal.core.wake import wake

if TYPE_CHECKING:
    from unionportal.core.models import Attachment, User

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(seconds=60)
MAX_ATTEMPTS = 5


@dataclass
class Progress:
    """A claimed job, and how its handler tells how far it is."""

    job: Job

    def report(self, *, done: int, total: int | None = None, **counts: int) -> None:
        """Store how far the job is; also says that it is alive."""
        job = self.job
        job.done, job.total = done, job.total if total is None else total
        job.counts = {**job.counts, **counts}
        Job.objects.filter(pk=job.pk).update(
            done=job.done, total=job.total, counts=job.counts, beat_at=Now()
        )


Handler = Callable[[Progress], None]
_handlers: dict[str, Handler] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of `kind`."""

    def keep(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return keep


@transaction.atomic
def start(
    *,
    kind: str,
    by: User | ServiceActor,
    subject_id: UUID | None = None,
    params: dict[str, Any] | None = None,
    total: int = 0,
    result_url: str = "",
) -> Job:
    """Queue a job, or return the open one for the same subject; wakes a worker after commit."""
    if kind not in _handlers:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    if subject_id is not None:
        open_job = Job.objects.filter(
            kind=kind, subject_id=subject_id, state__in=[JobState.QUEUED, JobState.RUNNING]
        ).first()
        if open_job is not None:
            return open_job
    job = Job.objects.create(
        kind=kind,
        subject_id=subject_id,
        params=params or {},
        total=total,
        result_url=result_url,
        owner_id=by.pk,
    )
    wake("core.run_job", job_id=str(job.pk))
    return job


def run(job_id: UUID) -> bool:
    """Claim and run one job; return False when it was not waiting (another worker has it)."""
    claimed = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING, claimed_at=Now(), beat_at=Now(), attempts=F("attempts") + 1
    )
    if not claimed:
        return False
    job = Job.objects.get(pk=job_id)
    try:
        _handlers[job.kind](Progress(job))
    except Refused as refusal:
        fail(job, error=str(refusal.message))
        return True
    except Exception:
        logger.exception("job %s of kind %s broke", job.pk, job.kind)
        fail(job, error="internal")
        raise
    finish(job)
    return True


def finish(job: Job, *, result: Attachment | None = None) -> None:
    """Close a job as done."""
    job.refresh_from_db()
    if job.state == JobState.RUNNING:
        changes = {"finished_at": timezone.now()}
        move(job, "finish", by=SYSTEM, **({**changes, "result": result} if result else changes))


def fail(job: Job, *, error: str) -> None:
    """Close a job as failed, with one sentence for its owner."""
    move(job, "fail", by=SYSTEM, error=error[:500], finished_at=timezone.now())


def requeue_stale() -> int:
    """Put back jobs whose worker has died and wake workers for all that wait; return how many."""
    limit = timezone.now() - STALE_AFTER
    for job in Job.objects.filter(state=JobState.RUNNING, beat_at__lt=limit):
        if job.attempts >= MAX_ATTEMPTS:
            fail(job, error="internal")
        else:
            move(job, "requeue", by=SYSTEM)
    waiting = list(Job.objects.filter(state=JobState.QUEUED).values_list("pk", flat=True)[:100])
    for pk in waiting:
        wake("core.run_job", job_id=str(pk))
    return len(waiting)
