"""Jobs of the changes of many; each goes on after a kill."""

from __future__ import annotations

from members.bulk import running
from members.bulk.actions import UNDO, WRITE
from members.models import BulkChange
from unionportal.core import jobs
from unionportal.core.jobs import Progress
from unionportal.core.models import User


def _change(progress: Progress) -> BulkChange:
    return BulkChange.objects.get(pk=str(progress.job.subject_id))


def _owner(progress: Progress) -> User:
    return User.objects.get(jobs=progress.job)


@jobs.handler(WRITE)
def write_bulk(progress: Progress) -> None:
    running.write(by=_owner(progress), change=_change(progress), report=progress.report)


@jobs.handler(UNDO)
def undo_bulk(progress: Progress) -> None:
    running.undo(by=_owner(progress), change=_change(progress), report=progress.report)
