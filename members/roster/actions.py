"""What officers do with a roster: upload it, confirm or cancel its preview.

Nothing reaches the applications before `confirm`. The file is kept 90 days, encrypted; what is
cancelled goes with the next clean-up.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.fields import ScanUpload
from members.models import Employer, RosterImport, UnionUnit, WorkerGroup
from members.states import ImportState, Verdict
from unionportal.core import audit, files, jobs
from unionportal.core.errors import Refused
from unionportal.core.models import Attachment, Job, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

READ, WRITE = "members.read_roster", "members.write_roster"
KEPT_FOR = timedelta(days=90)
CONTENT_TYPES = {
    "xlsx": files.XLSX,
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv",
}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded roster that can be read: its content, type (xlsx, xls, ods, csv), data rows."""

    content: bytes
    filename: str
    kind: str
    rows: int


@transaction.atomic
def upload(
    *,
    by: User,
    unit: UnionUnit,
    roster: Upload,
    employer: Employer | None = None,
    default_group: WorkerGroup | None = None,
    signed_list: ScanUpload | None = None,
) -> tuple[RosterImport, bool]:
    """Keep a roster and start reading it; return the import and whether it is a new one.

    The same file for the same unit again returns the import it made the first time, unless that
    one failed or was cancelled. Raises `NotAllowed` when the unit is out of `by`'s reach.
    """
    require_units(by, Permission.ENROL, [unit.pk])
    digest = hashlib.sha256(roster.content).hexdigest()
    # Two uploads of one file at once: the second waits here and then finds the first.
    UnionUnit.objects.select_for_update(no_key=True, of=("self",)).get(pk=unit.pk)
    if earlier := same_file(unit, digest):
        return earlier, False
    batch = RosterImport.objects.create(
        unit=unit,
        employer=employer,
        default_group=default_group,
        file=_keep_file(roster, by),
        file_sha256=digest,
        signed_list=signed_list.store(by=by, kind="signed_list") if signed_list else None,
        counts={**dict.fromkeys((*Verdict, "written")), "rows": roster.rows},
        created_by=by,
    )
    audit.record(by=by, verb="import.upload", target=batch, data={"rows": roster.rows})
    _start(batch, READ, by, total=roster.rows)
    return batch, True


def same_file(unit: UnionUnit, digest: str) -> RosterImport | None:
    """Return the live import of the file with SHA-256 `digest` for `unit`, if there is one."""
    gone = [ImportState.FAILED, ImportState.CANCELLED]
    return (
        RosterImport.objects.filter(unit=unit, file_sha256=digest).exclude(state__in=gone).first()
    )


@transaction.atomic
def confirm(*, by: User, batch: RosterImport) -> Job:
    """Start writing the new rows of `batch`, or go on after a job that broke off.

    Raises `Refused` when no row is new, `Stale` when the import is no longer waiting.
    """
    require_units(by, Permission.ENROL, [batch.unit_id])
    new = batch.counts["new"]
    if not new:
        raise Refused(_("No row of this roster is new. There is nothing to write."), code="no_rows")
    if not is_broken_off(batch):
        move(batch, "confirm", by=by)
    return _start(batch, WRITE, by, total=new)


def is_broken_off(batch: RosterImport) -> bool:
    """Say whether writing began and its job has ended before the last row."""
    return batch.state == ImportState.WRITING and not (batch.job and batch.job.is_open)


@transaction.atomic
def cancel(*, by: User, batch: RosterImport) -> RosterImport:
    """Drop a roster that was not written: its rows now, its files with the next clean-up."""
    require_units(by, Permission.ENROL, [batch.unit_id])
    move(batch, "cancel", by=by)
    batch.rows.all().delete()
    kept = [pk for pk in (batch.file_id, batch.signed_list_id) if pk]
    Attachment.objects.filter(pk__in=kept).update(expires_at=timezone.now())
    return batch


def _start(batch: RosterImport, kind: str, by: User, *, total: int) -> Job:
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
