"""Jobs of the rosters: read one, write one. Each can be run again after a kill."""

from __future__ import annotations

from members.models import RosterImport
from members.roster.actions import READ, WRITE
from members.roster.preview import make_preview
from members.roster.writing import write
from unionportal.core import jobs
from unionportal.core.jobs import Progress
from unionportal.core.models import User


def _batch(progress: Progress) -> RosterImport:
    batches = RosterImport.objects.select_related(
        "unit__area", "employer", "default_group", "file", "signed_list", "created_by"
    )
    return batches.get(pk=str(progress.job.subject_id))


@jobs.handler(READ)
def read_roster(progress: Progress) -> None:
    make_preview(batch=_batch(progress), report=progress.report)


@jobs.handler(WRITE)
def write_roster(progress: Progress) -> None:
    owner = User.objects.get(jobs=progress.job)
    write(by=owner, batch=_batch(progress), report=progress.report)
