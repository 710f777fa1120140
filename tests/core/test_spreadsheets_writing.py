"""Writing workbooks and CSV that survive a round trip through Excel."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import pytest

from unionportal.core.spreadsheets import (
    CellKind,
    CellMark,
    Column,
    Sheet,
    open_table,
    write_csv,
    write_workbook,
)
from unionportal.core.spreadsheets.writing import neutral

COLUMNS = [
    Column("姓名", is_required=True, hint="和身份证上一样"),
    Column("证件号码", width=22, is_required=True),
    Column("群体", choices=("货车司机", "快递员")),
    Column("人数", kind="number"),
    Column("日期", kind="date"),
]
REQUIRED = {"name": ("姓名",), "id_number": ("证件号码",)}
OPTIONAL = {"group": ("群体",), "count": ("人数",), "day": ("日期",)}


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def test_workbook_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = [
        ("张三", "490103200002291051", "快递员", 3, dt.date(2026, 3, 1)),
        ("李四", "", None, 1.5, None),
    ]
    assert write_workbook(path, [Sheet("名单", COLUMNS, rows)]) == 2
    table = open_table(path, path.name, max_rows=9, required=REQUIRED, optional=OPTIONAL)
    first, second = list(table.rows)
    assert [cell.value for cell in first.cells.values()] == list(rows[0])
    assert [cell.value for cell in second.cells.values()] == ["李四", None, None, 1.5, None]
    assert first.cells["id_number"].kind == CellKind.TEXT


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "http://a.example", "0012", "1e5", "\t=1", "{=1}"]
)
def test_workbook_text_is_never_a_formula_link_or_number(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet("名单", COLUMNS, [(text, text)])])
    assert "<f>" not in part(path, "xl/worksheets/sheet1.xml")
    row = next(open_table(path, path.name, max_rows=9, required=REQUIRED).rows)
    assert row.cells["id_number"] == (text, CellKind.TEXT)


def test_workbook_large_whole_number_keeps_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet("名单", COLUMNS, [("a", 490103200002291051)])])
    row = next(open_table(path, path.name, max_rows=9, required=REQUIRED).rows)
    assert row.cells["id_number"].value == "490103200002291051"


def test_template_has_frozen_header_choices_hint_notes_and_version(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    count = write_workbook(
        path,
        [Sheet("名单", COLUMNS, blank_rows=500)],
        notes=["怎样填", "姓名和身份证上一样"],
        version="roster-1",
    )
    sheet = part(path, "xl/worksheets/sheet1.xml")
    assert count == 0
    assert 'state="frozen"' in sheet
    assert '<dataValidation type="list" errorStyle="warning"' in sheet
    assert 'sqref="C2:C501"' in sheet
    assert '"货车司机,快递员"' in sheet
    assert "和身份证上一样" in part(path, "xl/comments1.xml")
    book = part(path, "xl/workbook.xml")
    assert re.findall(r'<sheet name="([^"]+)"[^>]*?(?:state="(\w+)")?(?: r:id[^>]*)?/>', book) == [
        ("名单", ""), ("说明", ""), ("_portal", "veryHidden"),
    ]  # fmt: skip


def test_rejected_rows_come_back_with_the_bad_cells_marked(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    marks = {(0, 1): CellMark("证件号码最后一位不对"), (1, 0): CellMark("没有填姓名")}
    rows = [("张三", "490103200002291052"), ("", "490103200002291051")]
    write_workbook(path, [Sheet("名单", COLUMNS, rows, marks=marks)])
    comments = part(path, "xl/comments1.xml")
    assert re.findall(r'<comment ref="(\w+)"', comments) == ["A1", "B2", "A3"]
    assert "证件号码最后一位不对" in comments
    sheet = part(path, "xl/worksheets/sheet1.xml")
    styles = dict(re.findall(r'<c r="(\w+)" s="(\d+)"', sheet))
    assert styles["B2"] == styles["A3"]
    assert styles["B2"] != styles["A2"]
    read = open_table(path, path.name, max_rows=9, required=REQUIRED)
    assert [row.cells["id_number"].text for row in read.rows] == [
        "490103200002291052",
        "490103200002291051",
    ]


def test_choices_too_long_for_a_drop_down_are_refused(tmp_path: Path) -> None:
    sheet = Sheet("名单", [Column("群体", choices=["货车司机"] * 60)])
    with pytest.raises(ValueError, match="too long for a drop-down"):
        write_workbook(tmp_path / "a.xlsx", [sheet])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_neutral_disarms_every_risky_start(start: str) -> None:
    assert neutral(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-5, "-5"),
        (-1.5, "-1.5"),
        (None, ""),
        ("a=1", "a=1"),
        (True, "True"),
        (dt.date(2026, 3, 1), "2026-03-01"),
    ],
)
def test_neutral_leaves_the_rest(value: object, text: str) -> None:
    assert neutral(value) == text  # type: ignore[arg-type]


def test_csv_has_a_mark_and_quotes_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert (
        write_csv(path, ["姓名", "备注"], [("张三", "=cmd|' /C calc'!A0"), ('李"四', "a,b\nc")])
        == 2
    )
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) == [
        ["姓名", "备注"], ["张三", "'=cmd|' /C calc'!A0"], ['李"四', "a,b\nc"],
    ]  # fmt: skip


def test_csv_reads_back_through_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, ["姓名", "证件号码"], [("张三", "490103200002291051")])
    row = next(open_table(path, path.name, max_rows=9, required=REQUIRED).rows)
    assert row.cells["id_number"].text == "490103200002291051"
