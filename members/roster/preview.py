"""Read a roster into rows with a verdict each: the preview. Runs in a job, can be run again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

from django.db import transaction

from members.forms import groups_in_use
from members.models import RosterImport, RosterRow
from members.roster.reading import ReadRow, RowReader, open_roster, plain
from members.roster.texts import NOTE
from members.roster.verdicts import PHONE_SHARED_BY, Judge, Judged
from members.states import ImportState, Verdict
from unionportal.core import files
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.masking import mask_id, mask_name
from unionportal.core.spreadsheets import SpreadsheetError, Table
from unionportal.core.transitions import move

CHUNK = 2_000
ROWS_NAMED = 12


class Report(Protocol):
    """How a job tells how far it is (`core.jobs.Progress.report`)."""

    def __call__(self, *, done: int, total: int | None = None) -> None: ...


def make_preview(*, batch: RosterImport, report: Report) -> None:
    """Read the file of `batch`, keep its rows with verdicts, and open the preview.

    Does nothing when the preview is there already. A file that cannot be read fails the import
    with the reason.
    """
    if batch.state != ImportState.UPLOADED:
        return
    batch.rows.all().delete()  # of a run that was killed
    try:
        _read(batch, report)
    except SpreadsheetError as error:
        _fail(batch, error.message)
    except Refused as refusal:
        _fail(batch, str(refusal.message))


def _fail(batch: RosterImport, message: str) -> None:
    batch.rows.all().delete()
    move(batch, "fail", by=SYSTEM, error=message[:500])


def _read(batch: RosterImport, report: Report) -> None:
    table = open_roster(files.open_content(batch.file), batch.file.name)
    reader = RowReader(list(groups_in_use()), batch.default_group)
    judge = Judge.of(batch)
    cell_notes: Counter[tuple[str, str]] = Counter()
    done = 0
    for rows in _chunks(reader.read(table)):
        _keep(batch, judge.judge(rows))
        cell_notes.update((note["field"], note["code"]) for row in rows for note in row.notes)
        done += len(rows)
        report(done=done, total=done if done > batch.counts["rows"] else None)
    _open(batch, judge, table, _notes(batch, table, reader, judge, cell_notes))


def _chunks(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _keep(batch: RosterImport, rows: list[Judged]) -> None:
    RosterRow.objects.bulk_create(_stored(batch, row) for row in rows)


def _stored(batch: RosterImport, row: Judged) -> RosterRow:
    read = row.read
    return RosterRow(
        batch=batch,
        number=read.number,
        verdict=row.verdict,
        problems=row.problems,
        typed=json.dumps(read.typed),
        cleaned=json.dumps(read.cleaned),
        id_index=row.id_index,
        name_masked=mask_name(read.seen["name"][:50]),
        id_masked=mask_id(read.seen["id_number"])[:20],
    )


@transaction.atomic
def _open(batch: RosterImport, judge: Judge, table: Table, notes: list[dict[str, Any]]) -> None:
    _hold_doubted(batch, judge)
    counts = {verdict.value: judge.counts[verdict] for verdict in Verdict}
    layout = {"titles": [plain(title) for title in table.titles], "columns": table.columns}
    rows = sum(counts.values())
    move(
        batch,
        "preview",
        by=SYSTEM,
        counts={**batch.counts, **counts, "rows": rows, "shared_phones": len(judge.shared_phones)},
        notes=notes,
        layout=layout,
    )


def _hold_doubted(batch: RosterImport, judge: Judge) -> None:
    """Hold the earlier row of each person whose rows disagree."""
    rows = list(batch.rows.filter(number__in=judge.doubted).only("number", "problems"))
    for row in rows:
        row.verdict = Verdict.HELD
        row.problems = [judge.doubted[row.number], *row.problems]
    RosterRow.objects.bulk_update(rows, ["verdict", "problems"], batch_size=500)


def _notes(
    batch: RosterImport,
    table: Table,
    reader: RowReader,
    judge: Judge,
    cell_notes: Counter[tuple[str, str]],
) -> list[dict[str, Any]]:
    notes = [_note(note.code, **note.params) for note in table.notes]
    for (field_name, code), count in cell_notes.items():
        if code == f"{NOTE}other_word":
            notes.append(_note("other_word", count=count))
        else:
            notes.append(_note(code, field=field_name, count=count))
    if batch.default_group and reader.defaulted:
        name = batch.default_group.name_zh
        notes.append(_note("default_group", name=name, count=reader.defaulted))
    if shared := judge.shared_phones:
        numbers = sorted(number for rows in shared for number in rows)
        shown = ", ".join(map(str, numbers[:ROWS_NAMED]))
        rows = f"{shown}, …" if len(numbers) > ROWS_NAMED else shown
        notes.append(_note("shared_phones", count=len(shared), most=PHONE_SHARED_BY, rows=rows))
    return notes


def _note(code: str, **params: object) -> dict[str, Any]:
    safe = {key: plain(value) if isinstance(value, str) else value for key, value in params.items()}
    return {"code": code, "params": safe}
