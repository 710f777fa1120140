"""Write workbooks and CSV that people open in Excel or WPS and send back.

Everything is text unless the column says otherwise: ID numbers keep their digits and a name that
begins with "=" stays a name.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from unionportal.core.money import FEN_PER_YUAN
from unionportal.core.spreadsheets.table import TAG_SHEET, CellValue

MAX_LIST_TEXT = 255  # Excel's limit for a drop-down written inside the rule
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WORKBOOK_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
COLOURS = {"header": "#F2F2F0", "rule": "#C9C9C5", "bad": "#FBE3E0"}


@dataclass(frozen=True)
class Column:
    """A column: its title, width in characters, type, drop-down choices and hint.

    Cells of a column of money hold fen; yuan with two decimals are written.
    """

    title: str
    width: int = 16
    kind: Literal["text", "number", "date", "money"] = "text"
    choices: Sequence[str] = ()
    hint: str = ""
    is_required: bool = False


@dataclass(frozen=True)
class CellMark:
    """A cell to be coloured, with the reason as a comment."""

    reason: str


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows are sequences in column order; `marks` of (row, column) from 0 colour cells."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[CellValue]] = ()
    marks: Mapping[tuple[int, int], CellMark] = field(default_factory=dict)
    blank_rows: int = 0  # rows below the data that also get drop-downs and text format


def write_workbook(
    path: Path | str,
    sheets: Sequence[Sheet],
    *,
    notes: Sequence[str] = (),
    notes_name: str = "说明",
    version: str = "",
) -> int:
    """Write an .xlsx and return the number of data rows; `version` goes on a hidden sheet."""
    with xlsxwriter.Workbook(str(path), WORKBOOK_OPTIONS) as book:
        formats = _formats(book)
        count = sum(_write_sheet(book, sheet, formats) for sheet in sheets)
        if notes:
            _write_notes(book.add_worksheet(notes_name), notes, formats)
        if version:
            tag = book.add_worksheet(TAG_SHEET)
            tag.write_string(0, 0, version)
            tag.very_hidden()
    return count


def write_csv(path: Path | str, titles: Sequence[str], rows: Iterable[Sequence[CellValue]]) -> int:
    """Write UTF-8 with a byte-order mark, every cell quoted; return the number of rows."""
    count = 0
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([neutral(title) for title in titles])
        for row in rows:
            writer.writerow([neutral(value) for value in row])
            count += 1
    return count


def neutral(value: CellValue) -> str:
    """Return text that no spreadsheet program takes for a formula (OWASP: a leading apostrophe)."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.startswith(RISKY_STARTS):
        return f"'{text}"
    return text


def _formats(book: xlsxwriter.Workbook) -> dict[str, Format]:
    base = {"valign": "top"}
    plain = {
        "text": {"num_format": "@"},
        "number": {"num_format": "0.##########"},
        "date": {"num_format": "yyyy-mm-dd"},
        "money": {"num_format": "#,##0.00"},
    }
    made = {name: book.add_format({**base, **options}) for name, options in plain.items()}
    for name, options in plain.items():
        made[f"bad_{name}"] = book.add_format({**base, **options, "bg_color": COLOURS["bad"]})
    header = {"bold": True, "bg_color": COLOURS["header"], "bottom": 1, "text_wrap": True}
    made["header"] = book.add_format({**header, "bottom_color": COLOURS["rule"], "valign": "top"})
    made["note"] = book.add_format({"text_wrap": True, "valign": "top"})
    return made


def _write_sheet(book: xlsxwriter.Workbook, sheet: Sheet, formats: dict[str, Format]) -> int:
    target = book.add_worksheet(sheet.name)
    for index, column in enumerate(sheet.columns):
        target.set_column(index, index, column.width, formats[column.kind])
    for index, column in enumerate(sheet.columns):
        title = f"{column.title}*" if column.is_required else column.title
        target.write_string(0, index, title, formats["header"])
        if column.hint:
            target.write_comment(0, index, column.hint)
    target.freeze_panes(1, 0)
    count = 0
    for count, row in enumerate(sheet.rows, start=1):
        _write_row(target, sheet, count - 1, row, formats)
    _add_choices(target, sheet, max(count + sheet.blank_rows, 1))
    return count


def _write_row(
    target: Worksheet,
    sheet: Sheet,
    number: int,
    row: Sequence[CellValue],
    formats: dict[str, Format],
) -> None:
    for index, value in enumerate(row):
        mark = sheet.marks.get((number, index))
        kind = sheet.columns[index].kind
        style = formats[f"bad_{kind}" if mark else kind]
        if kind == "money" and isinstance(value, int):
            target.write_number(number + 1, index, value / FEN_PER_YUAN, style)
        else:
            _write_value(target, number + 1, index, value, style)
        if mark:
            target.write_comment(number + 1, index, mark.reason, {"x_scale": 1.6})


def _write_value(target: Worksheet, row: int, column: int, value: CellValue, style: Any) -> None:
    if value is None or value == "":
        target.write_blank(row, column, None, style)
    elif isinstance(value, bool | str):
        target.write_string(row, column, str(value), style)
    elif isinstance(value, int) and abs(value) >= 10**15:
        target.write_string(row, column, str(value), style)  # Excel keeps 15 digits only
    elif isinstance(value, int | float):
        target.write_number(row, column, value, style)
    elif isinstance(value, dt.datetime):
        target.write_string(row, column, value.isoformat(" "), style)
    elif isinstance(value, dt.date):
        target.write_datetime(row, column, dt.datetime.combine(value, dt.time()), style)
    else:
        target.write_string(row, column, str(value), style)


def _add_choices(target: Worksheet, sheet: Sheet, last_row: int) -> None:
    for index, column in enumerate(sheet.columns):
        if not column.choices:
            continue
        if len(",".join(column.choices)) > MAX_LIST_TEXT:
            raise ValueError(f"{column.title}: the choices are too long for a drop-down")
        rule = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
        target.data_validation(1, index, last_row, index, rule)


def _write_notes(target: Worksheet, notes: Sequence[str], formats: dict[str, Format]) -> None:
    target.set_column(0, 0, 90)
    for index, line in enumerate(notes):
        target.write_string(index, 0, line, formats["note"])
