"""What reading a spreadsheet gives: cells, rows, notes, or one clear refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from django.utils.functional import Promise

from unionportal.core.input_errors import InputError

CellValue = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None


TAG_SHEET = "_portal"


class SpreadsheetError(InputError):
    """A refused file; `where` names the place in it ("B5", "row 12"), or is empty."""

    def __init__(
        self, code: str, message: str | Promise, *, where: str = "", **params: object
    ) -> None:
        super().__init__(code, message, **params)
        self.where = where


class CellKind(StrEnum):
    """What a cell holds. The value of a FORMULA or ERROR cell is only for showing it again."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    FORMULA = "formula"
    BLANK = "blank"
    ERROR = "error"


class Cell(NamedTuple):
    """One cell; whole numbers are int, other numbers float, days date, moments datetime."""

    value: CellValue
    kind: CellKind

    @property
    def text(self) -> str:
        """Return the value as it would be typed."""
        if self.value is None:
            return ""
        if isinstance(self.value, dt.datetime):
            return self.value.isoformat(" ")
        return str(self.value)


BLANK = Cell(None, CellKind.BLANK)


class Row(NamedTuple):
    """One data row: its number in the file, known cells by field, and every raw cell in order."""

    number: int
    cells: dict[str, Cell]
    values: list[CellValue]


class TableNote(NamedTuple):
    """Something the preview tells the person: a stable code, a sentence and its numbers."""

    code: str
    template: str | Promise
    params: dict[str, object]

    @property
    def message(self) -> str:
        """Return the sentence in the language of the reader."""
        return str(self.template) % self.params if self.params else str(self.template)


@dataclass
class Table:
    """An opened table; `rows` can be walked once and may add notes or raise on the way."""

    kind: str
    sheet_name: str
    header_row: int
    titles: list[str]
    columns: dict[str, int]
    rows: Iterator[Row]
    notes: list[TableNote] = field(default_factory=list)
    formulas_visible: bool = True
    # What a workbook that we handed out says of itself, on a hidden sheet.
    tag: str = ""

    def where(self, row: Row, field_name: str) -> str:
        """Return the address of a cell, such as "B5"."""
        return f"{column_letters(self.columns[field_name])}{row.number}"


def column_letters(index: int) -> str:
    """Return the letters of a column counted from 0: 0 → A, 27 → AB."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return the column counted from 0: A → 0, AB → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
