"""Open an uploaded spreadsheet safely (bad-input corpus 22 to 38 in security.md).

Type is told by content, never by name; pre-checks come before any parser; values come from
calamine; only the first visible sheet is read.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets.headers import SEARCHED_ROWS, Aliases, Header, find_header
from unionportal.core.spreadsheets.scanning import SheetScan
from unionportal.core.spreadsheets.sources import NumberedRow, Source, open_source
from unionportal.core.spreadsheets.table import (
    BLANK,
    Cell,
    CellKind,
    CellValue,
    Row,
    SpreadsheetError,
    Table,
    TableNote,
)

MAX_BYTES = 25 * 1024 * 1024
MAX_BLANK_ROWS = 1_000
# Serial 60 is 29 February 1900, a day that never was; calamine gives the 28th for 59 and for 60.
FIRST_SURE_DAY = dt.date(1900, 3, 1)


def open_table(
    path_or_file: str | Path | IO[bytes],
    filename: str,
    *,
    max_rows: int,
    required: Aliases,
    optional: Aliases | None = None,
    max_bytes: int = MAX_BYTES,
) -> Table:
    """Open a spreadsheet and find its header; `rows` then yields the data rows once.

    `required` and `optional` map field names to accepted titles, the first being the one shown.
    Raise SpreadsheetError (code, message, where) for anything that is not a readable table; more
    than `max_rows` data rows raise `too_many_rows` while the rows are walked.
    """
    source = open_source(path_or_file, filename, max_bytes)
    head = list(itertools.islice(source.rows, SEARCHED_ROWS))
    if not any(_is_filled(values) for _number, values in head):
        raise _no_data_rows()
    header = find_header([row for _number, row in head], required=required, optional=optional or {})
    _note_header(source, header, head)
    table = Table(
        kind=source.kind,
        sheet_name=source.sheet_name,
        header_row=head[header.index][0],
        titles=header.titles,
        columns=header.columns,
        rows=iter(()),
        notes=source.notes,
        formulas_visible=source.formulas_visible,
        tag=source.tag,
    )
    numbered = itertools.chain(head[header.index + 1 :], source.rows)
    rows = _data_rows(_until_gap(numbered, table), table.columns, source.scan, max_rows)
    first = next(rows, None)
    if first is None:
        raise _no_data_rows()
    table.rows = itertools.chain([first], rows)
    return table


def to_cell(value: CellValue) -> Cell:
    """Return a raw value as a cell: whole floats become int, impossible old dates an error."""
    if isinstance(value, str):
        return Cell(value, CellKind.TEXT) if value else BLANK
    if value is None:
        return BLANK
    if isinstance(value, bool):
        return Cell(value, CellKind.BOOL)
    if isinstance(value, float):
        return Cell(int(value) if value.is_integer() else value, CellKind.NUMBER)
    if isinstance(value, int):
        return Cell(value, CellKind.NUMBER)
    day = value.date() if isinstance(value, dt.datetime) else value
    is_impossible = isinstance(day, dt.date) and day < FIRST_SURE_DAY
    return Cell(value, CellKind.ERROR if is_impossible else CellKind.DATE)


def _data_rows(
    numbered: Iterable[NumberedRow], columns: dict[str, int], scan: SheetScan, max_rows: int
) -> Iterator[Row]:
    count = 0
    is_plain = not (scan.formulas or scan.errors)
    for number, values in numbered:
        if not _is_filled(values):
            continue
        count += 1
        if count > max_rows:
            raise SpreadsheetError(
                "too_many_rows",
                _("The file has more than %(limit)d rows. Split it into several files."),
                where=f"row {number}",
                limit=max_rows,
            )
        width = len(values)
        cells = {
            name: to_cell(values[index]) if index < width else BLANK
            for name, index in columns.items()
        }
        if not is_plain:
            _mark_untrusted(cells, columns, number - 1, scan)
        yield Row(number, cells, values)


def _mark_untrusted(
    cells: dict[str, Cell], columns: dict[str, int], row: int, scan: SheetScan
) -> None:
    for name, index in columns.items():
        if (row, index) in scan.formulas:
            cells[name] = Cell(cells[name].value, CellKind.FORMULA)
        elif (row, index) in scan.errors:
            cells[name] = Cell(cells[name].value, CellKind.ERROR)


def _until_gap(numbered: Iterable[NumberedRow], table: Table) -> Iterator[NumberedRow]:
    """Yield rows until a gap of 1,000 blank ones: a stray cell at the bottom is no roster."""
    blank = 0
    for number, values in numbered:
        blank = 0 if _is_filled(values) else blank + 1
        if blank >= MAX_BLANK_ROWS:
            table.notes.append(
                TableNote(
                    "gap",
                    _("Reading stopped at row %(row)d, after %(count)d blank rows."),
                    {"row": number, "count": MAX_BLANK_ROWS},
                )
            )
            return
        yield number, values


def _note_header(source: Source, header: Header, head: list[NumberedRow]) -> None:
    above = sum(_is_filled(values) for _number, values in head[: header.index])
    if above:
        source.note("title_rows", _("Rows left out above the header: %(count)d."), count=above)
    if header.unknown:
        source.note(
            "unknown_columns",
            _("Columns that are not used: %(columns)s."),
            columns="、".join(header.unknown),
        )


def _is_filled(values: list[CellValue]) -> bool:
    first = values[0] if values else None
    if isinstance(first, str) and first and not first.isspace():
        return True
    return any(value.strip() if isinstance(value, str) else value is not None for value in values)


def _no_data_rows() -> SpreadsheetError:
    return SpreadsheetError(
        "no_data_rows", _("There are no data rows. Fill in the rows below the header.")
    )
