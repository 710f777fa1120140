"""What officers do with an import: upload, name columns, confirm, cancel, undo.

Nothing reaches applications or memberships before `confirm`. The file is kept 30 days, encrypted;
what is cancelled goes with the next clean-up.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.fields import ScanUpload
from members.imports.places import learn_titles
from members.imports.preview import drop_rows
from members.models import Employer, HeaderAlias, ImportBatch, UnionUnit, WorkerGroup
from members.retention import IMPORT_ROWS
from members.states import ImportKind, ImportState, Verdict
from unionportal.core import audit, files, jobs, retention
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import Attachment, Job, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

READ, WRITE, UNDO = "members.read_import", "members.write_import", "members.undo_import"
GIVE_BACK = "members.give_back_import"
KEPT_FOR = timedelta(days=30)  # domain.md 5: import files
RIGHTS = {
    ImportKind.ROSTER: Permission.ENROL,
    ImportKind.REGISTRY: Permission.LOAD_REGISTRY,
    ImportKind.FEED: Permission.LOAD_REGISTRY,
}
CONTENT_TYPES = {
    "xlsx": files.XLSX,
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv",
}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file that can be read: its content, type (xlsx, xls, ods, csv), data rows.

    `titles` stands when a needed column was not recognised: an officer names the columns first.
    `tag` is what a workbook that was given back says of the import it came from.
    """

    content: bytes
    filename: str
    kind: str
    rows: int
    titles: list[str] = field(default_factory=list)
    tag: str = ""


@transaction.atomic
def upload(
    *,
    by: User,
    unit: UnionUnit,
    roster: Upload,
    kind: ImportKind = ImportKind.ROSTER,
    employer: Employer | None = None,
    default_group: WorkerGroup | None = None,
    signed_list: ScanUpload | None = None,
    reported: int | None = None,
) -> tuple[ImportBatch, bool]:
    """Keep a file and start reading it; return the import and whether it is a new one.

    The same file for the same unit again returns the import it made the first time, unless that
    one failed, was cancelled or undone. Raises `NotAllowed` when the unit is out of `by`'s reach.
    """
    require_units(by, RIGHTS[kind], [unit.pk])
    digest = hashlib.sha256(roster.content).hexdigest()
    # Two uploads of one file at once: the second waits here and then finds the first.
    UnionUnit.objects.select_for_update(no_key=True, of=("self",)).get(pk=unit.pk)
    if earlier := same_file(unit, digest, kind):
        return earlier, False
    batch = ImportBatch.objects.create(
        kind=kind,
        state=ImportState.MAPPING if roster.titles else ImportState.UPLOADED,
        unit=unit,
        employer=employer,
        default_group=default_group,
        file=_keep_file(roster, by),
        file_sha256=digest,
        signed_list=signed_list.store(by=by, kind="signed_list") if signed_list else None,
        reported=reported,
        continues=_first_of(roster.tag, unit, kind),
        layout={"titles": roster.titles, "columns": {}},
        counts={**dict.fromkeys((*Verdict, "written"), 0), "rows": roster.rows},
        created_by=by,
    )
    audit.record(by=by, verb="import.upload", target=batch, data={"rows": roster.rows})
    if not roster.titles:
        _start(batch, READ, by, total=roster.rows)
    return batch, True


def same_file(
    unit: UnionUnit, digest: str, kind: ImportKind = ImportKind.ROSTER
) -> ImportBatch | None:
    """Return the live import of the file with SHA-256 `digest` for `unit`, if there is one."""
    gone = [ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE]
    same = ImportBatch.objects.filter(kind=kind, unit=unit, file_sha256=digest)
    return same.exclude(state__in=gone).first()


def _first_of(tag: str, unit: UnionUnit, kind: ImportKind) -> ImportBatch | None:
    """Return the import that gave this workbook back, when it is one of the same unit and kind."""
    word, _space, key = tag.partition(" ")
    if word != "import":
        return None
    try:
        pk = UUID(key)
    except ValueError:
        return None
    return ImportBatch.objects.filter(pk=pk, unit=unit, kind=kind).first()


@transaction.atomic
def name_columns(*, by: User, batch: ImportBatch, named: dict[str, str], rows: int) -> ImportBatch:
    """Remember what the columns of `batch`'s file hold ({title: field}) and start reading it."""
    require_units(by, RIGHTS[ImportKind(batch.kind)], [batch.unit_id])
    learn_titles(batch.unit, named, by)
    move(batch, "name_columns", by=by, counts={**batch.counts, "rows": rows})
    _start(batch, READ, by, total=rows)
    return batch


@transaction.atomic
def confirm(*, by: User, batch: ImportBatch) -> Job:
    """Start writing what `batch` would change, or go on after a job that broke off.

    Raises `Refused` when there is nothing to write, `NotAllowed` when the person who uploaded a
    register confirms it, `Stale` when the import is no longer waiting.
    """
    require_units(by, RIGHTS[ImportKind(batch.kind)], [batch.unit_id])
    work = batch.counts["new"] + batch.counts["update"]
    if not work:
        raise Refused(_("No row of this file is new. There is nothing to write."), code="no_rows")
    if not is_broken_off(batch, ImportState.WRITING):
        _refuse_same_person(by, batch)
        move(batch, "confirm", by=by, confirmed_by=by, confirmed_at=timezone.now())
    return _start(batch, WRITE, by, total=work)


def is_own(by: User, batch: ImportBatch) -> bool:
    """Say whether `by` is the person who uploaded `batch`, under whatever account."""
    is_same_person = by.person_key is not None and by.person_key == batch.created_by.person_key
    return by.pk == batch.created_by_id or is_same_person


def _refuse_same_person(by: User, batch: ImportBatch) -> None:
    if batch.kind == ImportKind.REGISTRY and (is_own(by, batch) or by.person_key is None):
        raise NotAllowed(
            _("A register is confirmed by a person who did not upload it."), code="same_person"
        )


def is_broken_off(batch: ImportBatch, state: str) -> bool:
    """Say whether the work of `state` began and its job has ended before the last row."""
    return batch.state == state and not (batch.job and batch.job.is_open)


@transaction.atomic
def cancel(*, by: User, batch: ImportBatch) -> ImportBatch:
    """Drop an import that was not written: its rows now, its files with the next clean-up."""
    require_units(by, RIGHTS[ImportKind(batch.kind)], [batch.unit_id])
    move(batch, "cancel", by=by)
    drop_rows(batch)
    kept = [pk for pk in (batch.file_id, batch.signed_list_id) if pk]
    Attachment.objects.filter(pk__in=kept).update(expires_at=timezone.now())
    return batch


@transaction.atomic
def undo(*, by: User, batch: ImportBatch, reason: str) -> Job:
    """Start taking back everything `batch` wrote, or go on after a job that broke off.

    What was changed since is kept and listed. Raises `Refused` without a reason and after
    `undo_until`, `Stale` when the import is not written.
    """
    require_units(by, RIGHTS[ImportKind(batch.kind)], [batch.unit_id])
    if not is_broken_off(batch, ImportState.UNDOING):
        if batch.state == ImportState.DONE and timezone.localdate() > (last := undo_until(batch)):
            raise Refused(
                _("This import could be taken back until %(day)s. What its rows held is removed.")
                % {"day": last.isoformat()},
                code="too_late",
            )
        move(batch, "undo", by=by, reason=reason, undone_by=by, undone_at=timezone.now())
    return _start(batch, UNDO, by, total=batch.counts["written"] or 0)


def undo_until(batch: ImportBatch) -> date:
    """Return the last day on which `batch` can be taken back: its rows are emptied after it."""
    [topic] = [one for one in retention.topics() if one.code == IMPORT_ROWS]
    days, _since = retention.term_of(topic)
    return timezone.localdate(batch.confirmed_at or batch.created_at) + timedelta(days=days)


@transaction.atomic
def forget_title(*, by: User, alias: HeaderAlias) -> None:
    """Forget what a column title means in the files of its unit."""
    require_units(by, Permission.ENROL, [alias.unit_id])
    audit.record(by=by, verb="import.forget_title", target=alias.unit, data={"field": alias.field})
    alias.delete()


def give_back(*, by: User, batch: ImportBatch) -> Job:
    """Start making the workbook of all rows with their results; the language is the reader's."""
    return jobs.start(
        kind=GIVE_BACK,
        by=by,
        subject_id=batch.pk,
        params={"language": get_language() or ""},
        total=batch.counts["rows"],
        result_url=batch.get_absolute_url(),
    )


def _start(batch: ImportBatch, kind: str, by: User, *, total: int) -> Job:
    batch.job = jobs.start(
        kind=kind,
        by=by,
        subject_id=batch.pk,
        total=total,
        result_url=batch.get_absolute_url(),
    )
    batch.save(update_fields=["job"])
    return batch.job


def _keep_file(roster: Upload, by: User) -> Attachment:
    return files.store(
        roster.content,
        by=by,
        kind="roster",
        name=_file_name(roster.filename),
        content_type=CONTENT_TYPES[roster.kind],
        keep_for=KEPT_FOR,
    )


def _file_name(name: str) -> str:
    """Return a file's name for showing: no control, direction or unassigned characters."""
    return "".join(char for char in name if unicodedata.category(char)[0] != "C")
