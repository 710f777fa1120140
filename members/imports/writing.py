"""Write the new rows of a confirmed roster as applications, 500 a transaction.

A row gets its application in the same transaction, so a run that was killed anywhere goes on
where it stopped and nobody is written twice.
"""

from __future__ import annotations

import json
from collections import Counter
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from members.actions.applications import submit_many
from members.actions.candidates import Candidate
from members.imports.preview import Report
from members.imports.texts import Problem
from members.models import Application, ImportBatch, ImportRow, WorkerGroup
from members.states import Confirmation, ImportState, Source, Verdict
from unionportal.core.models import User
from unionportal.core.transitions import move

CHUNK = 500
TRIES = 3


def write(*, by: User, batch: ImportBatch, report: Report) -> None:
    """Write every new row of `batch` that has no application yet, then close the import."""
    if batch.state != ImportState.WRITING:
        return
    groups = {group.code: group for group in WorkerGroup.objects.all()}
    done = batch.rows.filter(application__isnull=False).count()
    last = 0
    while numbers := _write_chunk(by, batch, groups, after=last):
        last, done = numbers[-1], done + len(numbers)
        report(done=done)
    _finish(by, batch)


def _write_chunk(
    by: User, batch: ImportBatch, groups: dict[str, WorkerGroup], *, after: int
) -> list[int]:
    """Write the next rows; try again when somebody else enrolled one of them that very moment."""
    for left in reversed(range(TRIES)):
        try:
            return _write_rows(by, batch, groups, after)
        except IntegrityError:
            if not left:
                raise
    return []


@transaction.atomic
def _write_rows(
    by: User, batch: ImportBatch, groups: dict[str, WorkerGroup], after: int
) -> list[int]:
    waiting = batch.rows.select_for_update(of=("self",)).filter(
        verdict=Verdict.NEW, application__isnull=True, number__gt=after
    )
    rows = list(waiting.order_by("number")[:CHUNK])
    if not rows:
        return []
    applications = submit_many(
        by=by,
        candidates=[_candidate(row, batch, groups) for row in rows],
        ask_by_sms=batch.signed_list_id is None,
    )
    _link(rows, {application.client_ref: application for application in applications})
    return [row.number for row in rows]


def _link(rows: list[ImportRow], applications: dict[UUID | None, Application]) -> None:
    """Tie rows to their applications; whoever became known after the preview is not written."""
    for row in rows:
        row.application = applications.get(_reference(row))
        if row.application is None:
            row.verdict = Verdict.KNOWN
            row.problems = [_came_first(), *row.problems]
    written = [row for row in rows if row.application]
    late = [row for row in rows if not row.application]
    ImportRow.objects.bulk_update(written, ["application"])
    ImportRow.objects.bulk_update(late, ["verdict", "problems"])


def _finish(by: User, batch: ImportBatch) -> None:
    verdicts = Counter(batch.rows.values_list("verdict", flat=True))
    written = batch.rows.filter(application__isnull=False).count()
    batch.refresh_from_db()
    counts = {**batch.counts, **{verdict.value: verdicts[verdict] for verdict in Verdict}}
    move(batch, "finish", by=by, counts={**counts, "written": written})


def _candidate(row: ImportRow, batch: ImportBatch, groups: dict[str, WorkerGroup]) -> Candidate:
    values = json.loads(row.cleaned)
    has_list = batch.signed_list_id is not None
    return Candidate(
        name=values["name"],
        id_number=values["id_number"],
        phone=values["phone"],
        group=groups[values["group"]],
        unit=batch.unit,
        employer=batch.employer,
        vehicle_plate=values.get("vehicle_plate", ""),
        platform_name=values.get("platform_name", ""),
        source=Source.ROSTER,
        confirmation=Confirmation.SIGNED_LIST if has_list else Confirmation.NONE,
        evidence=batch.signed_list,
        client_ref=_reference(row),
    )


def _reference(row: ImportRow) -> UUID:
    """Return the row's own reference: the same row never makes a second application."""
    return uuid5(row.batch_id, str(row.number))


def _came_first() -> Problem:
    return {"field": "id_number", "code": "came_first", "params": {}}
