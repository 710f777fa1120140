"""Long lists are worked on by jobs, so that no officer's request waits for them.

A job records who decided what. Its decision is one row and its work resumes from the list itself,
so a worker that dies is replaced by the next one; `resume` finds lists nobody works on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from benefits.actions import batch_work, batches, building
from benefits.models import PayoutBatch, PayoutLine
from benefits.states.payouts import BatchState, LineState
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused, Stale
from unionportal.core.jobs import Progress
from unionportal.core.models import Job, User
from unionportal.core.models.jobs import JobState

if TYPE_CHECKING:
    from benefits.models import Programme
    from unionportal.core.actors import ServiceActor

KIND = "benefits.batch"
B = BatchState
# After a job that broke, so long until the next one tries.
REST = timedelta(minutes=10)


def open_job(batch: PayoutBatch) -> Job | None:
    """Return the job that works on a list now."""
    waiting = [JobState.QUEUED, JobState.RUNNING]
    return Job.objects.filter(kind=KIND, subject_id=batch.pk, state__in=waiting).first()


def last_error(batch: PayoutBatch) -> str:
    """Return why the latest job on a list ended without doing it, "" when it did."""
    last = Job.objects.filter(kind=KIND, subject_id=batch.pk).order_by("-created_at").first()
    return last.error if last is not None and last.state == JobState.FAILED else ""


def build(*, by: User, programme: Programme) -> PayoutBatch:
    """Make a list: at once when its people are few, else by a job that goes on with it.

    Raises `NotAllowed` without the maker's right and `Refused` when nobody can be paid.
    """
    with transaction.atomic():
        batch = building.begin(by=by, programme=programme)
        _added, place = building.add_some(batch, None)
        _more, rest = building.add_some(batch, place) if place else (0, None)
        if rest is None:
            building.complete(batch, by=by)
        else:
            _start(batch, by=by)
    batch.refresh_from_db()
    return batch


def _submit(by: User, batch: PayoutBatch, **_values: Any) -> None:
    batches.submit(by=by, batch=batch)


def _approve(by: User, batch: PayoutBatch, **values: Any) -> None:
    batches.decide_approval(by=by, batch=batch, version=values.get("version", ""))


def _release(by: User, batch: PayoutBatch, **_values: Any) -> None:
    batches.decide_release(by=by, batch=batch)


def _reject(by: User, batch: PayoutBatch, **values: Any) -> None:
    batches.decide_stop("reject", by=by, batch=batch, reason=values["reason"])


def _cancel(by: User, batch: PayoutBatch, **values: Any) -> None:
    batches.decide_stop("cancel", by=by, batch=batch, reason=values["reason"])


# The states a decision starts from; past them a job that is run again only goes on.
DECISIONS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "submit": (_submit, (B.DRAFT,)),
    "approve": (_approve, (B.SUBMITTED,)),
    "release": (_release, (B.NOTICE_CLOSED,)),
    "reject": (_reject, (B.SUBMITTED, B.APPROVED, B.NOTICE_OPEN, B.NOTICE_CLOSED)),
    "cancel": (_cancel, (B.BUILDING, B.DRAFT, B.SUBMITTED, B.NOTICE_OPEN, B.NOTICE_CLOSED)),
}
AT_ONCE: dict[str, Callable[..., PayoutBatch]] = {
    "submit": batches.submit, "approve": batches.approve, "release": batches.release,
    "reject": batches.reject, "cancel": batches.cancel,
}  # fmt: skip


def ask(verb: str, *, by: User, batch: PayoutBatch, **values: str) -> Job | None:
    """Take a decision about a list: at once when it is short, else by the job that is returned.

    What can be refused without a look at the lines is refused here. Raises as the actions do, and
    `Stale` while another job works on the list.
    """
    if open_job(batch) is not None:
        raise Stale(_("This list is being worked on. Look again in a moment."), code="stale")
    if batch_work.is_short(batch):
        AT_ONCE[verb](by=by, batch=batch, **values)
        return None
    if verb == "approve":
        batches.may_approve(by=by, batch=batch, **values)
    elif verb == "release":
        batches.may_release(by=by, batch=batch)
    elif verb in {"reject", "cancel"}:
        # Stopping is one row; only the lines take long.
        batches.decide_stop(verb, by=by, batch=batch, **values)
        verb = ""
    return _start(batch, by=by, verb=verb, **values)


def _start(batch: PayoutBatch, *, by: User | ServiceActor, **params: str) -> Job:
    return jobs.start(kind=KIND, by=by, subject_id=batch.pk, params=params, total=batch.line_count)


@jobs.handler(KIND)
def work(progress: Progress) -> None:
    """Take the job's decision unless that was done, then do what is left with the lines."""
    job = progress.job
    batch = PayoutBatch.objects.select_related("programme", "cycle").get(pk=str(job.subject_id))
    values = dict(job.params)
    decide, sources = DECISIONS.get(values.pop("verb", ""), (None, ()))
    if decide is not None and batch.state in sources and job.owner not in _checkers(batch):
        decide(job.owner, batch, **values)
    total = batch.line_count

    def report(done: int) -> None:
        progress.report(done=done, total=max(total, done))

    try:
        batch_work.carry_on(batch, by=job.owner or SYSTEM, report=report)
    except Refused:
        if batch.state != B.BUILDING:
            raise
        reason = _("Nobody can be paid now. The programme's page says why.")
        batches.decide_stop("cancel", by=batch.made_by, batch=batch, reason=reason)


def _checkers(batch: PayoutBatch) -> set[User | None]:
    """Who has approved already and waits for the second: a job run again must not approve twice."""
    return {batch.approved_by} if batch.state == B.SUBMITTED and batch.approved_by else set()


def resume() -> int:
    """Start a job for every list that nobody works on although it has lines to move."""
    count = 0
    recent = Job.objects.filter(
        Q(state__in=[JobState.QUEUED, JobState.RUNNING])
        | Q(state=JobState.FAILED, finished_at__gt=Now() - REST),
        kind=KIND, subject_id=OuterRef("pk"),
    )  # fmt: skip
    for batch in unfinished().filter(~Exists(recent)):
        _start(batch, by=SYSTEM)
        count += 1
    return count


def unfinished() -> QuerySet[PayoutBatch]:
    """Lists whose lines are not yet where the list's own state says."""
    lines = PayoutLine.objects.filter(batch=OuterRef("pk"))
    waiting = lines.filter(state__in=[LineState.PLANNED, LineState.APPROVED])
    return PayoutBatch.objects.filter(
        Q(state__in=[B.BUILDING, B.APPROVED])
        | Q(Exists(lines.filter(state=LineState.APPROVED)), state=B.RELEASED)
        | Q(Exists(waiting), state__in=[B.REJECTED, B.CANCELLED])
    )
