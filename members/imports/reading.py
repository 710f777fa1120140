"""One row of a file into clean values, or the problems that keep it out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any

from members import record
from members.imports import optional
from members.imports.columns import (
    IGNORED,
    LAYOUTS,
    GroupWords,
    aliases,
    find_group,
)
from members.imports.documents import is_masked, read_number, read_type
from members.imports.texts import MASKED, NOTE, Problem
from members.models import WorkerGroup
from members.models.people import IdType
from members.reference import key_of
from members.states import ImportKind, MembershipState
from unionportal.core import identifiers
from unionportal.core.dates import parse_date
from unionportal.core.identifiers import IdentifierError
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.spreadsheets import Cell, CellKind, Row, Table, open_table
from unionportal.core.spreadsheets.reading import to_cell
from unionportal.core.spreadsheets.table import BLANK, CellValue

_LONG_NUMBER = re.compile(r"(\d{3})\d{6,}(\d\d[Xx]?)")

PLATFORM_LENGTH = 40
LONGEST_ECHO = 40
LOST_DIGITS_FROM = 10**15
EARLIEST_JOINING = date(1921, 1, 1)
MEMBER_NO_LENGTH = 20
UNTRUSTED = {CellKind.FORMULA: "formula", CellKind.ERROR: "error_cell"}
# What a file must give when it is there, and when a row leaves it blank.
NEEDED = {
    ImportKind.ROSTER: ("name", "id_number", "phone", "group"),
    ImportKind.REGISTRY: ("name", "joined_on", "group", "unit"),
}
# What of a row is shown, masked, beside its verdict.
SHOWN = ("name", "id_number")
# Many rows say the same day, union, employer: each is looked at once.
REMEMBERED = 10_000
Value = tuple[str, tuple[Any, ...]]


@dataclass
class ReadRow:
    """A row as read: the cells as typed, in file order, and what they turned out to be.

    `seen` holds the fields of `SHOWN` as they were typed.
    """

    number: int
    typed: list[str]
    seen: dict[str, str]
    cleaned: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Everything the rows of one file are read against; fetched before the reader is born."""

    kind: str
    today: date
    groups: list[WorkerGroup]
    default_group: str = ""
    # Title → field, as an officer of the unit named them.
    learnt: Mapping[str, str] = field(default_factory=dict)
    # Name or credit code → id; "" for a name that several have.
    units: Mapping[str, str] = field(default_factory=dict)
    default_unit: str = ""
    employers: Mapping[str, str] = field(default_factory=dict)
    default_employer: str = ""


def open_file(
    content: bytes, filename: str, kind: str, learnt: Mapping[str, str] | None = None
) -> Table:
    """Open an uploaded file; raise SpreadsheetError for what is none (core.spreadsheets)."""
    layout = LAYOUTS[ImportKind(kind)]
    return open_table(
        BytesIO(content),
        filename,
        max_rows=layout.max_rows,
        required=aliases(layout.required, learnt or {}),
        optional=aliases((*layout.optional, *IGNORED), learnt or {}),
    )


def plain(text: str) -> str:
    """Return `text` without control characters and lone surrogates, which no column can hold."""
    if text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cs"})


def as_typed(value: CellValue) -> str:
    """Return a cell as text to show and to give back.

    A number too long for a spreadsheet keeps its exponent: written out, its invented digits could
    pass the check when the file comes back (bad-input corpus 12).
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and abs(value) >= LOST_DIGITS_FROM:
        return f"{value:.5E}"
    return to_cell(value).text


class RowReader:
    """Reads rows of one file against one frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.is_registry = frame.kind == ImportKind.REGISTRY
        fields = LAYOUTS[ImportKind(frame.kind)].data
        self.fields = tuple(name for name in fields if name != "id_type")  # with the number
        self.needed = frozenset(NEEDED[ImportKind(frame.kind)])
        self.expected = self.needed | {"group", "id_number"}
        self.words = GroupWords.of(frame.groups)
        self.found_groups: dict[str, tuple[str, bool]] = {}
        self.group_text = lru_cache(REMEMBERED)(_text_of)
        self.defaulted = 0
        self.parsers: dict[str, Callable[[Cell], Value]] = {
            "name": _name,
            "phone": _phone,
            "vehicle_plate": _plate,
            "platform_name": _remembered(_platform),
            "joined_on": _remembered(lambda cell: _joined_on(cell, frame.today)),
            "member_no": _member_no,
            "unit": _remembered(self._unit),
            "employer": _remembered(self._employer),
            "state": _remembered(_state),
            **{name: _optional(name) for name in optional.ALL},
        }

    def read(self, rows: Iterable[Row]) -> Iterator[ReadRow]:
        """Yield rows of a table as read; raise SpreadsheetError when the file breaks off."""
        return map(self.read_row, rows)

    def read_row(self, row: Row) -> ReadRow:
        """Return one row with its clean values, problems and notes."""
        cells = row.cells
        read = ReadRow(
            row.number,
            [value if isinstance(value, str) else as_typed(value) for value in row.values],
            {name: plain(as_typed(cells.get(name, BLANK).value)) for name in SHOWN},
        )
        for name in self.fields:
            cell = cells.get(name, BLANK)
            if cell is BLANK and name not in self.expected:
                continue
            if cell.kind in UNTRUSTED:
                read.problems.append(problem(name, UNTRUSTED[cell.kind]))
            elif name == "group":
                self._read_group(read, cell)
            elif name == "id_number":
                self._read_document(read, cell, cells.get("id_type", BLANK))
            elif name == "phone" and self.is_registry and is_masked(cell):
                read.notes.append(problem(name, MASKED))
            elif name in self.needed or not _is_blank(cell):
                self._read_value(read, name, cell)
        if self.is_registry:
            self._complete(read)
        return read

    def _read_document(self, read: ReadRow, cell: Cell, kind: Cell) -> None:
        """Read the number; of a register a masked one is left to the member number."""
        if is_masked(cell) or (self.is_registry and _is_blank(cell)):
            if not self.is_registry:
                read.problems.append(problem("id_number", "masked"))
            elif not _is_blank(cell):
                read.notes.append(problem("id_number", MASKED))
            return
        if kind.kind in UNTRUSTED:
            read.problems.append(problem("id_type", UNTRUSTED[kind.kind]))
            return
        try:
            id_type = read_type(kind) if self.is_registry else IdType.CITIZEN.value
            number, notes = read_number(cell, id_type, self.frame.today)
        except IdentifierError as error:
            field_name = "id_type" if error.code == "unknown_code" else "id_number"
            read.problems.append(_refusal(field_name, error))
            return
        read.cleaned["id_number"] = number
        if self.is_registry:
            read.cleaned["id_type"] = id_type
        read.notes.extend(problem("id_number", f"{NOTE}{note}") for note in notes)

    def _complete(self, read: ReadRow) -> None:
        """Hold what a row says against itself, and give it the employer of the whole file."""
        said = read.cleaned
        if self.frame.default_employer:
            said.setdefault("employer", self.frame.default_employer)
        if said.get("id_type") == IdType.CITIZEN:
            number = said["id_number"]
            own = {"sex": sex_of(number), "birth_date": birth_of(number)}
            for name, value in own.items():
                if said.pop(name, value) not in (value, "0", "9"):
                    read.problems.append(problem(name, "contradiction"))
        elif not (said.keys() & {"id_number", "member_no"} or _has_problem(read, "id_number")):
            code = "masked_alone" if read.seen["id_number"].strip() else "empty"
            read.problems.append(problem("id_number", code))

    def _read_value(self, read: ReadRow, name: str, cell: Cell) -> None:
        try:
            value, notes = self.parsers[name](cell)
        except IdentifierError as error:
            read.problems.append(_refusal(name, error))
        else:
            read.cleaned[name] = value
            if notes:
                read.notes.extend(problem(name, f"{NOTE}{note}") for note in notes)

    def _read_group(self, read: ReadRow, cell: Cell) -> None:
        try:
            text = self.group_text(cell)
        except IdentifierError as error:
            read.problems.append(_refusal("group", error))
            return
        if not text and self.frame.default_group:
            self.defaulted += 1
            read.cleaned["group"] = self.frame.default_group
            return
        if text not in self.found_groups:
            self.found_groups[text] = find_group(self.words, text) if text else ("", False)
        code, is_exact = self.found_groups[text]
        if code:
            read.cleaned["group"] = code
            if not is_exact:
                read.notes.append(self._other_word(text, code))
        else:
            read.problems.append(self._unknown_group(text))

    def _other_word(self, text: str, code: str) -> Problem:
        found, name = text[:LONGEST_ECHO], self.words.name_of(code)
        return problem("group", f"{NOTE}other_word", found=found, name=name)

    def _unknown_group(self, text: str) -> Problem:
        if not text:
            return problem("group", "empty")
        found = text[:LONGEST_ECHO]
        if closest := self.words.closest(found):
            return problem("group", "unknown_but", found=found, closest=closest)
        return problem("group", "unknown", found=found)

    def _unit(self, cell: Cell) -> Value:
        if _is_blank(cell):
            if self.frame.default_unit:
                return self.frame.default_unit, ()
            raise IdentifierError("empty", "")
        return _looked_up(cell, self.frame.units)

    def _employer(self, cell: Cell) -> Value:
        return _looked_up(cell, self.frame.employers)


def _remembered(parse: Callable[[Cell], Value]) -> Callable[[Cell], Value]:
    """Return `parse` for cells of which many are equal; refusals are not remembered."""
    return lru_cache(REMEMBERED)(parse)


def _text_of(cell: Cell) -> str:
    return "" if _is_blank(cell) else clean(cell.text).text


def _looked_up(cell: Cell, known: Mapping[str, str]) -> Value:
    cleaned = clean(cell.text)
    found = known.get(cleaned.text)
    if found:
        return found, cleaned.notes
    code = "unknown" if found is None else "several"
    raise IdentifierError(code, "", found=cleaned.text[:LONGEST_ECHO])


def _is_blank(cell: Cell) -> bool:
    return cell.value is None or (isinstance(cell.value, str) and not cell.value.strip())


def problem(field_name: str, code: str, **params: Any) -> Problem:
    """Return one reason of a row; a number as long as a phone's or an ID's is shortened."""
    told = {
        name: _LONG_NUMBER.sub(r"\1****\2", value) if isinstance(value, str) else value
        for name, value in params.items()
    }
    return {"field": field_name, "code": code, "params": told}


def _refusal(field_name: str, error: IdentifierError) -> Problem:
    code, params = error.code, error.params
    if field_name == "phone" and code == "length":
        code = "missing_digits" if int(str(params["found"])) < 11 else "extra_digits"
    return problem(field_name, code, **params)


def _name(cell: Cell) -> Value:
    parsed = identifiers.parse_name(cell.value)
    return parsed.name, parsed.notes


def sex_of(number: str) -> str:
    """Return the code of the sex a citizen's number says."""
    return "1" if int(number[16]) % 2 else "2"


def birth_of(number: str) -> str:
    """Return the day of birth a citizen's number says."""
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _has_problem(read: ReadRow, name: str) -> bool:
    return any(found["field"] == name for found in read.problems)


def _optional(name: str) -> Callable[[Cell], Value]:
    return _remembered(lambda cell: optional.parse(name, cell))


def _state(cell: Cell) -> Value:
    cleaned = clean(cell.text)
    state = record.choice_words(MembershipState).get(key_of(cleaned.text))
    if state is None:
        raise IdentifierError("unknown_code", "", text=cleaned.text[:LONGEST_ECHO])
    return str(state), cleaned.notes


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


def _joined_on(cell: Cell, today: date) -> Value:
    day = parse_date(cell.value, earliest=EARLIEST_JOINING, latest=today)
    return day.isoformat(), ()


def _member_no(cell: Cell) -> Value:
    if not isinstance(cell.value, str | int) or isinstance(cell.value, bool):
        raise IdentifierError("number_cell", "")
    cleaned = clean(cell.text)
    number = cleaned.text.upper()
    if len(number) > MEMBER_NO_LENGTH:
        raise IdentifierError("length", "", limit=MEMBER_NO_LENGTH, found=len(number))
    if not number.isascii() or not number.replace("-", "").isalnum():
        raise IdentifierError("form", "")
    return number, cleaned.notes
