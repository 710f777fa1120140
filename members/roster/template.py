"""Workbooks handed out: the empty form, and the rows to correct under the firm's own titles."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from members.forms import groups_in_use
from members.models import RosterImport, RosterRow
from members.roster.columns import (
    DATA_FIELDS,
    MAX_ROWS,
    OPTIONAL,
    REQUIRED,
    TEMPLATE_VERSION,
    title_of,
)
from members.roster.texts import NOTE, Problem, reason
from members.states import Verdict
from unionportal.core.spreadsheets import CellMark, Column, Sheet, write_workbook

WIDTHS = {"name": 14, "id_number": 24, "phone": 16, "group": 18, "vehicle_plate": 14}
FORM_ROWS = 1_000
RETURNED = (Verdict.REJECTED, Verdict.HELD)
LONGEST_DROP_DOWN = 255  # characters Excel takes
REASON_WIDTH = 60


def empty_form() -> bytes:
    """Return the .xlsx to fill in, in the reader's language."""
    names = [group.name for group in list(groups_in_use())]
    columns = [
        Column(
            title=title_of(field),
            width=WIDTHS.get(field, 16),
            choices=_choices(names) if field == "group" else (),
            hint=_hint(field),
            is_required=field in REQUIRED,
        )
        for field in DATA_FIELDS
    ]
    sheet = Sheet(_("Roster"), columns, blank_rows=FORM_ROWS)
    return _bytes([sheet], notes=_how_to(names), version=TEMPLATE_VERSION)


def rows_to_correct(batch: RosterImport) -> tuple[bytes, int]:
    """Return the rejected and held rows as they were typed, and how many.

    The columns are the firm's own; bad cells are coloured and carry the reason, which also stands
    in a last column that is not read when the file comes back.
    """
    rows = list(batch.rows.filter(verdict__in=RETURNED).order_by("number"))
    kept = _own_columns(batch)
    titles = [batch.layout["titles"][index] for index in kept]
    group = batch.layout["columns"].get("group")
    choices = _choices([group.name for group in groups_in_use()])
    columns = [
        Column(title=title, width=18, choices=choices if index == group else ())
        for index, title in zip(kept, titles, strict=True)
    ]
    columns.append(Column(title=title_of("returned_because"), width=REASON_WIDTH))
    sheet = Sheet(
        _("Rows to correct"),
        columns,
        rows=_typed(rows, kept),
        marks=_marks(rows, batch, kept),
    )
    return _bytes([sheet], version=TEMPLATE_VERSION), len(rows)


def _own_columns(batch: RosterImport) -> list[int]:
    """Return the columns to give back: all but the reasons of an earlier return."""
    earlier = batch.layout["columns"].get("returned_because")
    return [index for index in range(len(batch.layout["titles"])) if index != earlier]


def _typed(rows: Iterable[RosterRow], kept: list[int]) -> Iterator[list[str]]:
    for row in rows:
        typed = json.loads(row.typed)
        cells = [typed[index] if index < len(typed) else "" for index in kept]
        yield [*cells, " ".join(reason(problem) for problem in _faults(row))]


def _marks(
    rows: Iterable[RosterRow], batch: RosterImport, kept: list[int]
) -> dict[tuple[int, int], CellMark]:
    places = {index: place for place, index in enumerate(kept)}
    columns = batch.layout["columns"]
    marks: dict[tuple[int, int], CellMark] = {}
    for number, row in enumerate(rows):
        for problem in _faults(row):
            # A column the file lacks is marked on the reason.
            place = places.get(columns.get(problem["field"], -1), len(kept))
            marks.setdefault((number, place), CellMark(reason(problem)))
    return marks


def _faults(row: RosterRow) -> list[Problem]:
    return [problem for problem in row.problems if not problem["code"].startswith(NOTE)]


def _choices(names: list[str]) -> list[str]:
    return names if len(",".join(names)) <= LONGEST_DROP_DOWN else []


def _hint(field: str) -> str:
    hints = {
        "id_number": _("18 characters, typed as text"),
        "phone": _("11 digits; the person's own number"),
        "group": _("Choose from the list"),
    }
    return hints.get(field, "")


def _how_to(names: list[str]) -> list[str]:
    return [
        _("One person a row, on the first sheet. Columns marked * are needed."),
        _("ID numbers and mobile numbers are text: 18 characters and 11 digits."),
        _("Kinds of work: %(names)s.") % {"names": "、".join(names)},
        _("Type values, no formulas. At most %(limit)d rows and 25 MB a file.")
        % {"limit": MAX_ROWS},
        _("An example, made up:"),
        "　".join(f"{title_of(field)}: {_EXAMPLE[field]}" for field in DATA_FIELDS),
        _("Optional columns: %(names)s.") % {"names": "、".join(map(title_of, _optional()))},
    ]


def _optional() -> list[str]:
    return [field for field in DATA_FIELDS if field in OPTIONAL]


_EXAMPLE = {
    "name": "测试员甲",
    "id_number": "490103200002291051",
    "phone": "19900000001",
    "group": "货车司机",
    "vehicle_plate": "豫A12345",
    "platform_name": "示例货运平台",
}


def _bytes(sheets: list[Sheet], *, notes: Iterable[str] = (), version: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        write_workbook(
            path, sheets, notes=list(notes), notes_name=_("How to fill in"), version=version
        )
        return path.read_bytes()
