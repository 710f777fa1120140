"""One row of a roster into clean values, or the problems that keep it out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

from django.utils import timezone

from members.models import WorkerGroup
from members.roster.columns import (
    DATA_FIELDS,
    MAX_ROWS,
    OPTIONAL,
    REQUIRED,
    GroupWords,
    aliases,
    find_group,
)
from members.roster.texts import NOTE, Problem
from unionportal.core import identifiers
from unionportal.core.identifiers import IdentifierError
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.spreadsheets import Cell, CellKind, Row, Table, open_table
from unionportal.core.spreadsheets.reading import to_cell
from unionportal.core.spreadsheets.table import BLANK, CellValue

PLATFORM_LENGTH = 40
LONGEST_ECHO = 40
LOST_DIGITS_FROM = 10**15
UNTRUSTED = {CellKind.FORMULA: "formula", CellKind.ERROR: "error_cell"}
Value = tuple[str, tuple[Any, ...]]


@dataclass
class ReadRow:
    """A row as read: the cells as typed, in file order, and what they turned out to be."""

    number: int
    typed: list[str]
    seen: dict[str, str]
    cleaned: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def open_roster(content: bytes, filename: str) -> Table:
    """Open an uploaded roster; raise SpreadsheetError for what is no roster (core.spreadsheets)."""
    return open_table(
        BytesIO(content),
        filename,
        max_rows=MAX_ROWS,
        required=aliases(REQUIRED),
        optional=aliases(OPTIONAL),
    )


def plain(text: str) -> str:
    """Return `text` without control characters and lone surrogates, which no column can hold."""
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cs"})


def as_typed(value: CellValue) -> str:
    """Return a cell as text to show and to give back.

    A number too long for a spreadsheet keeps its exponent: written out, its invented digits could
    pass the check when the file comes back (bad-input corpus 12).
    """
    if isinstance(value, int | float) and abs(value) >= LOST_DIGITS_FROM:
        return f"{value:.5E}"
    return value if isinstance(value, str) else to_cell(value).text


class RowReader:
    """Reads rows of one file against one code list on one day."""

    def __init__(self, groups: list[WorkerGroup], default_group: WorkerGroup | None) -> None:
        self.words = GroupWords.of(groups)
        self.default = default_group.code if default_group else ""
        self.defaulted = 0
        today = timezone.localdate()
        self.parsers: dict[str, Callable[[Cell], Value]] = {
            "name": _name,
            "id_number": lambda cell: _id_number(cell, today),
            "phone": _phone,
            "vehicle_plate": _plate,
            "platform_name": _platform,
        }

    def read(self, table: Table) -> Iterator[ReadRow]:
        """Yield every data row of `table`; raise SpreadsheetError when the file breaks off."""
        for row in table.rows:
            yield self.read_row(row)

    def read_row(self, row: Row) -> ReadRow:
        """Return one row with its clean values, problems and notes."""
        typed = [as_typed(value) for value in row.values]
        seen = {name: plain(as_typed(row.cells.get(name, BLANK).value)) for name in DATA_FIELDS}
        read = ReadRow(row.number, typed, seen)
        for name in DATA_FIELDS:
            cell = row.cells.get(name, BLANK)
            if cell.kind in UNTRUSTED:
                read.problems.append(_problem(name, UNTRUSTED[cell.kind]))
            elif name == "group":
                self._read_group(read, cell)
            elif name in REQUIRED or not _is_blank(cell):
                self._read_value(read, name, cell)
        return read

    def _read_value(self, read: ReadRow, name: str, cell: Cell) -> None:
        try:
            value, notes = self.parsers[name](cell)
        except IdentifierError as error:
            read.problems.append(_refusal(name, error))
        else:
            read.cleaned[name] = value
            read.notes.extend(_problem(name, f"{NOTE}{note}") for note in notes)

    def _read_group(self, read: ReadRow, cell: Cell) -> None:
        try:
            text = "" if _is_blank(cell) else clean(cell.text).text
        except IdentifierError as error:
            read.problems.append(_refusal("group", error))
            return
        if not text and self.default:
            self.defaulted += 1
            read.cleaned["group"] = self.default
            return
        code, is_exact = find_group(self.words, text) if text else ("", False)
        if code:
            read.cleaned["group"] = code
            if not is_exact:
                read.notes.append(self._other_word(text, code))
        else:
            read.problems.append(self._unknown_group(text))

    def _other_word(self, text: str, code: str) -> Problem:
        found, name = text[:LONGEST_ECHO], self.words.name_of(code)
        return _problem("group", f"{NOTE}other_word", found=found, name=name)

    def _unknown_group(self, text: str) -> Problem:
        if not text:
            return _problem("group", "empty")
        found = text[:LONGEST_ECHO]
        if closest := self.words.closest(found):
            return _problem("group", "unknown_but", found=found, closest=closest)
        return _problem("group", "unknown", found=found)


def _is_blank(cell: Cell) -> bool:
    return cell.value is None or (isinstance(cell.value, str) and not cell.value.strip())


def _problem(field_name: str, code: str, **params: Any) -> Problem:
    return {"field": field_name, "code": code, "params": params}


def _refusal(field_name: str, error: IdentifierError) -> Problem:
    code, params = error.code, error.params
    if field_name == "phone" and code == "length":
        code = "missing_digits" if int(str(params["found"])) < 11 else "extra_digits"
    return _problem(field_name, code, **params)


def _name(cell: Cell) -> Value:
    parsed = identifiers.parse_name(cell.value)
    return parsed.name, parsed.notes


def _id_number(cell: Cell, today: date) -> Value:
    parsed = identifiers.parse_citizen_id(cell.value, on=today)
    return parsed.number, parsed.notes


def _phone(cell: Cell) -> Value:
    parsed = identifiers.parse_phone(cell.value)
    return parsed.number, parsed.notes


def _plate(cell: Cell) -> Value:
    parsed = identifiers.parse_plate(cell.text)
    return parsed.number, parsed.notes


def _platform(cell: Cell) -> Value:
    cleaned = clean(cell.text)
    if len(cleaned.text) > PLATFORM_LENGTH:
        raise IdentifierError("length", "", limit=PLATFORM_LENGTH, found=len(cleaned.text))
    return cleaned.text, cleaned.notes
