"""Jobs of the imports: read a file, write one, take one back. Each can go on after a kill."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import translation

from members.imports import loading, template, writing
from members.imports.actions import GIVE_BACK, READ, UNDO, WRITE
from members.imports.preview import make_preview
from members.imports.undoing import undo
from members.models import ImportBatch
from unionportal.core import files, jobs
from unionportal.core.jobs import Progress
from unionportal.core.models import User

RESULTS_KEPT = timedelta(days=7)  # domain.md 5: exports


def _batch(progress: Progress) -> ImportBatch:
    batches = ImportBatch.objects.select_related(
        "unit__area", "employer", "default_group", "file", "signed_list", "created_by"
    )
    return batches.get(pk=str(progress.job.subject_id))


def _owner(progress: Progress) -> User:
    return User.objects.get(jobs=progress.job)


@jobs.handler(READ)
def read_import(progress: Progress) -> None:
    make_preview(batch=_batch(progress), report=progress.report)


@jobs.handler(WRITE)
def write_import(progress: Progress) -> None:
    batch = _batch(progress)
    write = loading.load if batch.is_registry else writing.write
    write(by=_owner(progress), batch=batch, report=progress.report)


@jobs.handler(UNDO)
def undo_import(progress: Progress) -> None:
    undo(by=_owner(progress), batch=_batch(progress), report=progress.report)


@jobs.handler(GIVE_BACK)
def give_back_import(progress: Progress) -> None:
    batch = _batch(progress)
    with translation.override(progress.job.params["language"] or None):
        content, _count = template.given_back(batch, is_whole=True)
        name = template.file_name(is_whole=True)
    with transaction.atomic():
        made = files.store(
            content,
            by=_owner(progress),
            kind="import_results",
            name=name,
            content_type=files.XLSX,
            keep_for=RESULTS_KEPT,
        )
        jobs.finish(progress.job, result=made)
