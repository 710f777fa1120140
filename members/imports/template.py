"""Workbooks handed out: the empty form, and the rows to correct under the firm's own titles."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members.forms import groups_in_use
from members.imports.columns import IGNORED, LAYOUTS, TEMPLATE_VERSION, Layout, title_of
from members.imports.texts import NOTE, Problem, reason
from members.models import ImportBatch, ImportRow
from members.states import ImportKind, Verdict
from unionportal.core.spreadsheets import CellMark, Column, Sheet, write_workbook

WIDTHS = {"name": 14, "id_number": 24, "phone": 16, "group": 18, "vehicle_plate": 14}
FORM_ROWS = 1_000
# Understood when a file has them, but nothing to be filled in.
NOT_OFFERED = ("id_type", "sex", "birth_date", "state")
RETURNED = (Verdict.REJECTED, Verdict.HELD, Verdict.ELSEWHERE)
LONGEST_DROP_DOWN = 255  # characters Excel takes
REASON_WIDTH = 60


def empty_form(kind: ImportKind = ImportKind.ROSTER) -> bytes:
    """Return the .xlsx to fill in, in the reader's language."""
    names = [group.name for group in list(groups_in_use())]
    layout = LAYOUTS[kind]
    columns = [
        Column(
            title=title_of(field),
            width=WIDTHS.get(field, 16),
            choices=_choices(names) if field == "group" else (),
            hint=_hint(field),
            is_required=field in layout.required,
        )
        for field in _offered(layout)
    ]
    sheet = Sheet(_("Roster"), columns, blank_rows=FORM_ROWS)
    return _bytes([sheet], notes=_how_to(names, layout), version=TEMPLATE_VERSION)


def given_back(batch: ImportBatch, *, is_whole: bool) -> tuple[bytes, int]:
    """Return the user's own rows as they were typed, and how many: all, or those to correct.

    The columns are the user's own; bad cells are coloured and carry the reason. Result and reason
    also stand in two last columns that are not read when the file comes back. A hidden sheet names
    the import, so that the corrected file continues it.
    """
    rows = batch.rows.order_by("number").defer("cleaned", "before", "line")
    if not is_whole:
        rows = rows.filter(verdict__in=RETURNED)
    kept = _own_columns(batch)
    group = batch.layout["columns"].get("group")
    choices = _choices([group.name for group in groups_in_use()])
    columns = [
        Column(title=batch.layout["titles"][index], choices=choices if index == group else ())
        for index in kept
    ]
    columns.append(Column(title=title_of("result")))
    columns.append(Column(title=title_of("returned_because"), width=REASON_WIDTH))
    count = rows.count()
    marks = _marks(rows, batch, kept)
    sheet = Sheet(_("Rows to correct"), columns, rows=_typed(rows, kept), marks=marks)
    if is_whole:
        sheet = replace(sheet, name=_("Rows with results"))
    return _bytes([sheet], version=f"import {batch.pk}"), count


def file_name(*, is_whole: bool) -> str:
    """Return the name a workbook that is given back is saved under."""
    day = timezone.localdate().isoformat()
    return f"{_('results') if is_whole else _('rows-to-correct')}-{day}.xlsx"


def _own_columns(batch: ImportBatch) -> list[int]:
    """Return the columns to give back: all but those of an earlier return."""
    ours = {batch.layout["columns"].get(name) for name in IGNORED}
    return [index for index in range(len(batch.layout["titles"])) if index not in ours]


def _typed(rows: QuerySet[ImportRow], kept: list[int]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=2_000):
        typed = json.loads(row.typed)
        cells = [typed[index] if index < len(typed) else "" for index in kept]
        words = " ".join(reason(problem) for problem in _faults(row))
        yield [*cells, str(Verdict(row.verdict).label), words]


def _marks(
    rows: QuerySet[ImportRow], batch: ImportBatch, kept: list[int]
) -> dict[tuple[int, int], CellMark]:
    """Return the coloured cells: of rows that a person has to look at."""
    places = {index: place for place, index in enumerate(kept)}
    columns = batch.layout["columns"]
    marks: dict[tuple[int, int], CellMark] = {}
    found = rows.only("number", "verdict", "problems").iterator(chunk_size=2_000)
    for number, row in enumerate(found):
        for problem in _faults(row) if row.verdict in RETURNED else []:
            # A column the file lacks is marked on the reason.
            place = places.get(columns.get(problem["field"], -1), len(kept) + 1)
            marks.setdefault((number, place), CellMark(reason(problem)))
    return marks


def _faults(row: ImportRow) -> list[Problem]:
    return [problem for problem in row.problems if not problem["code"].startswith(NOTE)]


def _choices(names: list[str]) -> list[str]:
    return names if len(",".join(names)) <= LONGEST_DROP_DOWN else []


def _hint(field: str) -> str:
    hints = {
        "id_number": _("18 characters, typed as text"),
        "phone": _("11 digits; the person's own number"),
        "group": _("Choose from the list"),
        "joined_on": _("Year-month-day, such as 2020-05-01"),
        "unit": _("Full name or credit code; empty: the union of the whole file"),
    }
    return hints.get(field, "")


def _how_to(names: list[str], layout: Layout) -> list[str]:
    left_out = [field for field in layout.optional if field not in NOT_OFFERED]
    return [
        _("One person a row, on the first sheet. Columns marked * are needed."),
        _("ID numbers and mobile numbers are text: 18 characters and 11 digits."),
        _("Kinds of work: %(names)s.") % {"names": "、".join(names)},
        _("Type values, no formulas. At most %(limit)d rows and 25 MB a file.")
        % {"limit": layout.max_rows},
        _("An example, made up:"),
        "　".join(f"{title_of(field)}: {_EXAMPLE[field]}" for field in _offered(layout)),
        _("Optional columns: %(names)s.") % {"names": "、".join(map(title_of, left_out))},
    ]


def _offered(layout: Layout) -> list[str]:
    """Return the columns of the form that is handed out."""
    return [field for field in layout.data if field not in NOT_OFFERED]


_EXAMPLE = {
    "name": "测试员甲",
    "id_number": "490103200002291051",
    "phone": "19900000001",
    "group": "货车司机",
    "vehicle_plate": "豫A12345",
    "platform_name": "示例货运平台",
    "joined_on": "2020-05-01",
    "member_no": "HY-00001",
    "unit": "示例物流有限公司工会",
    "employer": "示例物流有限公司",
    "id_expires_on": "2035-06-30",
    "ethnicity": "汉族",
    "political_affiliation": "群众",
    "education": "大专",
    "household_type": "农业户口",
    "is_migrant_worker": "是",
    "employment_form": "劳动合同",
    "employment_status": "在职",
    "occupation": "分拣员",
    "skill_level": "高级工",
    "residence_division": "490103",
    "residence_text": "示例路1号",
}


def _bytes(sheets: list[Sheet], *, notes: Iterable[str] = (), version: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        write_workbook(
            path, sheets, notes=list(notes), notes_name=_("How to fill in"), version=version
        )
        return path.read_bytes()
