"""Ask for a file, agree to it, write it, take it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from unionportal.core import audit, files, jobs, reveal
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.exports import registry, writing
from unionportal.core.exports.registry import ExportList
from unionportal.core.models import ExportRequest
from unionportal.core.models.lists import ExportState
from unionportal.core.roles import ROLES, Permission, has_permission
from unionportal.core.scope import scope_of
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.jobs import Progress
    from unionportal.core.models import User

JOB = "core.export"
# More rows than this, or full numbers, need a second person (issue 3, part 7).
ROWS_ALONE = 5_000
KEPT_FOR = timedelta(days=7)
CSV_TYPE = "text/csv; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants as a file."""

    list_name: str
    columns: Sequence[str]
    query: str = ""
    format: str = ExportRequest.Format.XLSX
    is_unmasked: bool = False
    reason: str = ""


@transaction.atomic
def request(*, by: User, wish: Wish) -> ExportRequest:
    """Ask for a file: written at once when masked and small, else after a second person agrees.

    Raises `NotAllowed` without the rights, `Refused` (`reason_needed`, `unknown_column`,
    `nothing_to_export`, or what the list says of its query string).
    """
    source = registry.get(wish.list_name)
    _check_rights(by, source, wish)
    rows = source.rows(by, wish.query).order_by().count()
    if not rows:
        raise Refused(_("No row fits these filters: there is nothing to export."), code="no_rows")
    needs_second = wish.is_unmasked or rows > ROWS_ALONE
    if needs_second and len(wish.reason.strip()) < 4:
        raise Refused(
            _("Write what the file is for: the second person decides by it."),
            code="reason_needed",
            field="reason",
        )
    made = ExportRequest.objects.create(
        list_name=source.name,
        query=wish.query,
        columns=list(wish.columns),
        format=wish.format,
        language=translation.get_language() or "zh-hans",
        is_unmasked=wish.is_unmasked,
        reason=wish.reason.strip(),
        row_count=rows,
        state=ExportState.WAITING if needs_second else ExportState.QUEUED,
        unit_id=_unit_of(by),
        requested_by=by,
    )
    audit.record(
        by=by,
        verb="export.request",
        target=made,
        reason=made.reason,
        fields=made.columns,
        data={"rows": rows, "is_unmasked": made.is_unmasked},
    )
    if not needs_second:
        _start(made)
    return made


def _check_rights(by: User, source: ExportList, wish: Wish) -> None:
    if not (has_permission(by, Permission.EXPORT) and has_permission(by, source.permission)):
        raise NotAllowed(_("Your role does not take lists out as files."))
    may_reveal = has_permission(by, Permission.REVEAL)
    if wish.is_unmasked and not may_reveal:
        raise NotAllowed(_("Your role does not show full numbers."))
    known = {one.name for one in source.columns if may_reveal or not one.is_guarded}
    if not wish.columns or not set(wish.columns) <= known:
        raise Refused(_("Choose columns of the list."), code="unknown_column", field="columns")


def _unit_of(user: User) -> Any:
    """Return the highest unit on which `user` may export."""
    held = [g for g in user.grants_today() if Permission.EXPORT in ROLES[g.role].permissions]
    return min(held, key=lambda grant: len(grant.unit.path)).unit_id


def _start(export: ExportRequest) -> None:
    job = jobs.start(
        kind=JOB,
        by=export.requested_by,
        subject_id=export.pk,
        total=export.row_count,
        result_url=reverse("core:export-detail", args=[export.pk]),
    )
    ExportRequest.objects.filter(pk=export.pk).update(job=job)


@transaction.atomic
def approve(*, by: User, export: ExportRequest) -> ExportRequest:
    """Agree, as a second person with the same reach, that the file is written.

    Raises `NotAllowed` (`same_person`, out of reach), `Stale` when it was decided meanwhile.
    """
    _check_second(by, export)
    move(export, "approve", by=by, decided_by=by, decided_at=timezone.now())
    _start(export)
    return export


@transaction.atomic
def refuse(*, by: User, export: ExportRequest, reason: str) -> ExportRequest:
    """Refuse, with the reason; raises as `approve` does, and `Refused` without a reason."""
    _check_second(by, export)
    return move(
        export, "refuse", by=by, reason=reason, decided_by=by, decided_at=timezone.now(),
        note=reason[:200],
    )  # fmt: skip


def _check_second(by: User, export: ExportRequest) -> None:
    asked = export.requested_by
    is_same = by.pk == asked.pk or (by.person_key and by.person_key == asked.person_key)
    if is_same:
        raise NotAllowed(_("Another person must agree: nobody approves an own request."))
    rights = [Permission.EXPORT, *([Permission.REVEAL] if export.is_unmasked else [])]
    if not all(_covers(by, asked, right) for right in rights):
        raise NotAllowed(_("The file holds rows outside your area: the district decides."))


def _covers(by: User, asked: User, right: Permission) -> bool:
    mine, theirs = scope_of(by, right), scope_of(asked, right)
    return mine.everything or (
        not theirs.everything
        and all(path.startswith(tuple(mine.unit_paths)) for path in theirs.unit_paths)
    )


def write(export: ExportRequest, progress: Progress) -> None:
    """Write the file of a request anew; safe to run again after a kill."""
    if export.state != ExportState.QUEUED:
        return
    source = registry.get(export.list_name)
    with tempfile.TemporaryDirectory() as folder, translation.override(export.language):
        path = Path(folder) / "export"
        count = _write(export, source, path, lambda done: _report(progress, done))
        title = f"{source.title} {timezone.localdate():%Y-%m-%d}.{export.format}"
        with transaction.atomic():
            file = files.store_path(
                path,
                by=export.requested_by,
                kind="export",
                name=title,
                content_type=files.XLSX if export.format == "xlsx" else CSV_TYPE,
                keep_for=KEPT_FOR,
            )
            move(export, "finish", by=SYSTEM, file=file, written=count)
    progress.report(done=count, total=count)


@jobs.handler(JOB)
def run(progress: Progress) -> None:
    """Do the job of one request."""
    found = ExportRequest.objects.select_related("requested_by")
    assert progress.job.subject_id is not None
    write(found.get(pk=progress.job.subject_id), progress)


def _report(progress: Progress, done: int) -> None:
    progress.report(done=done, total=max(progress.job.total, done))


def _write(export: ExportRequest, source: ExportList, path: Path, report: writing.Report) -> int:
    # Read with today's rights of the person who asked, not with those of the day of asking.
    rows = source.rows(export.requested_by, export.query).order_by(*source.order)
    columns = [source.column(name) for name in export.columns]
    is_csv = export.format == ExportRequest.Format.CSV
    if is_csv and not export.is_unmasked:
        return writing.copy_csv(path, rows, columns, export.language)
    cells = writing.values(rows, columns, export.language, is_unmasked=export.is_unmasked)
    write_rows = writing.write_csv if is_csv else writing.write_xlsx
    return write_rows(path, cells.iterator(chunk_size=writing.CHUNK), columns, report)


def download(*, by: User, export: ExportRequest) -> Iterator[bytes]:
    """Return the file's blocks for the requester alone; the taking is logged.

    Raises `NotAllowed` for anybody else, `Refused` when the file is not there (any more).
    """
    if by.pk != export.requested_by_id:
        raise NotAllowed(_("Only the person who asked for the file can take it."))
    if export.file is None:
        raise Refused(_("The file is not written yet."), code="not_ready")
    blocks = files.open_blocks(export.file)
    reveal.log(
        export,
        by=by,
        fields=list(export.columns),
        reason=export.reason or f"export of {export.list_name}",
        row_count=max(export.written or 0, 2),  # a file is never one of the day's looks
    )
    return blocks
