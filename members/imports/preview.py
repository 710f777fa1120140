"""Read a file into rows with a verdict each: the preview. Runs in a job, can be run again.

The child that reads the file sends lines, the database takes them as they come, so reading and
storing share the two cores of a small machine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, islice, zip_longest
from operator import itemgetter
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone

from members.forms import groups_in_use
from members.imports import judging, staged, staging
from members.imports.places import employers_by_name, learnt_titles, units_by_name
from members.imports.reading import Frame
from members.imports.texts import NOTE
from members.models import ImportBatch, ImportRow
from members.states import ImportKind, ImportState, Verdict
from unionportal.core import files
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.sandbox import Block
from unionportal.core.spreadsheets import SpreadsheetError, read_apart
from unionportal.core.transitions import move

BLOCKS_A_COPY = 10
READERS, SHARED_FROM = 2, 10_000  # a long file is read by as many at once
ROWS_NAMED = 12


class Report(Protocol):
    """How a job tells how far it is (`core.jobs.Progress.report`)."""

    def __call__(self, *, done: int, total: int | None = None) -> None: ...


@dataclass
class Read:
    """What the readers said besides rows; each of them sees the whole file's notes."""

    header: dict[str, Any] = field(default_factory=dict)
    notes: list[Any] = field(default_factory=list)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    defaulted: int = 0

    def end(self, ending: dict[str, Any]) -> None:
        """Add what one reader said at its end."""
        self.notes = ending["notes"]
        for name, code, count in ending["cells"]:
            self.cells[name, code] += count
        self.defaulted += ending["defaulted"]


def make_preview(*, batch: ImportBatch, report: Report) -> None:
    """Read the file of `batch`, keep its rows with verdicts, and open the preview.

    Does nothing when the preview is there already. A file that cannot be read fails the import
    with the reason.
    """
    if batch.state != ImportState.UPLOADED:
        return
    drop_rows(batch)  # of a run that was killed
    with staged.table(judging.TABLE, staged.JUDGED):
        try:
            read = _stage(batch, report)
        except SpreadsheetError as error:
            _fail(batch, error.message)
        except Refused as refusal:
            _fail(batch, str(refusal.message))
        else:
            _open(batch, read)


def drop_rows(batch: ImportBatch) -> None:
    """Delete the rows of `batch`."""
    ImportRow.objects.filter(batch=batch).delete()


def frame_of(batch: ImportBatch) -> Frame:
    """Return everything the rows of `batch` are read against."""
    values: dict[str, Any] = {}
    if batch.is_registry:
        values = {
            "units": units_by_name(batch.unit),
            "default_unit": batch.unit_id.hex if batch.unit.takes_members else "",
            "employers": employers_by_name(batch.created_by),
            "default_employer": batch.employer_id.hex if batch.employer_id else "",
        }
    return Frame(
        kind=ImportKind.REGISTRY if batch.is_registry else ImportKind.ROSTER,
        today=timezone.localdate(),
        groups=list(groups_in_use()),
        default_group=batch.default_group_id or "",
        learnt=learnt_titles(batch.unit),
        **values,
    )


def _fail(batch: ImportBatch, message: str) -> None:
    drop_rows(batch)
    move(batch, "fail", by=SYSTEM, error=message[:500])


def _stage(batch: ImportBatch, report: Report) -> Read:
    source = staging.Source(
        batch_id=batch.pk,
        content=files.open_content(batch.file),
        filename=batch.file.name,
        frame=frame_of(batch),
    )
    parts = READERS if batch.counts["rows"] >= SHARED_FROM else 1
    shares = [replace(source, part=part, parts=parts) for part in range(parts)]
    readers = [read_apart(partial(staging.stage, share)) for share in shares]
    read, done = Read(), 0
    for letter, run in groupby(_in_turns(readers), key=itemgetter(0)):
        contents = (content for _letter, content in run)
        if letter == staging.HEADER:
            read.header = [json.loads(header) for header in contents][0]
        elif letter == staging.ENDING:
            for ending in contents:
                read.end(json.loads(ending))
        else:
            while rows := staged.copy(
                judging.TABLE, staged.JUDGED, islice(contents, BLOCKS_A_COPY)
            ):
                done += rows
                report(done=done, total=done if done > batch.counts["rows"] else None)
    return read


def _in_turns(readers: list[Generator[Block]]) -> Iterator[Block]:
    """Yield a block of each reader in turn; end them all when one of them breaks off."""
    with ExitStack() as stack:
        for reader in readers:
            stack.enter_context(closing(reader))
        for turn in zip_longest(*readers):
            yield from (block for block in turn if block is not None)


@transaction.atomic
def _open(batch: ImportBatch, read: Read) -> None:
    counts = judging.judge(batch)
    shared = judging.shared_phones()
    notes = _notes(batch, read, shared)
    layout = {"titles": read.header["titles"], "columns": read.header["columns"]}
    rows = sum(counts[verdict] for verdict in Verdict)
    move(
        batch,
        "preview",
        by=SYSTEM,
        counts={**batch.counts, **counts, "rows": rows, "shared_phones": len(shared)},
        notes=notes,
        layout=layout,
    )


def _notes(batch: ImportBatch, read: Read, shared: list[list[int]]) -> list[dict[str, Any]]:
    notes = [_note(code, **params) for code, params in read.notes]
    for (field_name, code), count in read.cells.items():
        if code == f"{NOTE}other_word":
            notes.append(_note("other_word", count=count))
        else:
            notes.append(_note(code, field=field_name, count=count))
    if batch.default_group and read.defaulted:
        name = batch.default_group.name_zh
        notes.append(_note("default_group", name=name, count=read.defaulted))
    if shared:
        numbers = sorted(number for rows in shared for number in rows)
        shown = ", ".join(map(str, numbers[:ROWS_NAMED]))
        rows = f"{shown}, …" if len(numbers) > ROWS_NAMED else shown
        most = judging.PHONE_SHARED_BY
        notes.append(_note("shared_phones", count=len(shared), most=most, rows=rows))
    return notes


def _note(code: str, **params: object) -> dict[str, Any]:
    return {"code": code, "params": params}
