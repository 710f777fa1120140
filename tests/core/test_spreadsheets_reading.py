"""Reading rosters: bad-input classes 27 to 38, and what must simply work."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.workbooks import HEAD, OPTIONAL, REQUIRED, ROW, repacked, sheet_xml, workbook
from unionportal.core.spreadsheets import (
    CellKind,
    Column,
    Row,
    Sheet,
    SpreadsheetError,
    Table,
    open_table,
    write_workbook,
)
from unionportal.core.spreadsheets.table import column_index, column_letters

CSV = "姓名,证件号码,手机号\r\n张三,490103200002291051,13800001234\r\n"


def read(
    content: bytes, filename: str = "名单.xlsx", *, max_rows: int = 100
) -> tuple[Table, list[Row]]:
    table = open_table(
        io.BytesIO(content), filename, max_rows=max_rows, required=REQUIRED, optional=OPTIONAL
    )
    return table, list(table.rows)


def refusal(
    content: bytes, filename: str = "名单.xlsx", *, max_rows: int = 100
) -> SpreadsheetError:
    with pytest.raises(SpreadsheetError) as caught:
        read(content, filename, max_rows=max_rows)
    assert caught.value.message
    return caught.value


def note_codes(table: Table) -> list[str]:
    return [note.code for note in table.notes]


def texts(row: Row) -> dict[str, str]:
    return {name: cell.text for name, cell in row.cells.items()}


def test_workbook_is_read_by_header() -> None:
    table, rows = read(workbook())
    assert (table.kind, table.sheet_name, table.header_row) == ("xlsx", "名单", 1)
    assert table.columns == {"name": 0, "id_number": 1, "phone": 2}
    assert [(row.number, texts(row)) for row in rows] == [
        (2, {"name": "张三", "id_number": "490103200002291051", "phone": "13800001234"})
    ]
    assert {cell.kind for cell in rows[0].cells.values()} == {CellKind.TEXT}
    assert table.where(rows[0], "phone") == "C2"
    assert table.notes == []


def test_workbook_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_bytes(workbook())
    table = open_table(path, path.name, max_rows=5, required=REQUIRED)
    assert len(list(table.rows)) == 1


@pytest.mark.parametrize(
    "head",
    [
        ("身份证号", "姓名", "手机"),
        ("Name", "id_number", "phone"),
        ("NAME", "ID number", "Phone"),
        ("姓名*", "证件号码（18位）", "手机号(选填)"),
        ("姓 名", "证件号码：", "手机号"),
        ("＊姓名", "证件\n号码", "手机号"),
        ("姓名(必填)", "证件号码[必填]", "手机号【可空】"),
    ],
)
def test_header_is_matched_by_name_not_by_place(head: tuple[str, ...]) -> None:
    table, rows = read(workbook([head, ("a", "b", "c")]))
    assert set(table.columns) == {"name", "id_number", "phone"}
    assert "unknown_columns" not in note_codes(table)
    assert len(rows) == 1


@pytest.mark.parametrize("above", range(10))
def test_header_is_found_within_ten_rows(above: int) -> None:
    title = [("示例物流有限公司职工名单", "", "")] * above
    table, rows = read(workbook([*title, HEAD, ROW]))
    assert (table.header_row, rows[0].number) == (above + 1, above + 2)
    assert note_codes(table) == (["title_rows"] if above else [])


def test_header_below_ten_rows_is_refused_with_the_names_needed() -> None:
    error = refusal(workbook([("标题",)] * 10 + [HEAD, ROW]))
    assert error.code == "no_header"
    assert error.params == {"columns": "姓名、证件号码"}


def test_missing_required_column_is_named() -> None:
    error = refusal(workbook([("姓名", "手机号"), ("张三", "1")]))
    assert (error.code, error.params, error.where) == (
        "missing_columns",
        {"columns": "证件号码", "titles": ["姓名", "手机号"]},
        "row 1",
    )


@pytest.mark.parametrize(
    "head",
    [
        ("姓名", "证件号码", "姓名"),
        ("姓名", "证件号码", "身份证号"),
        ("姓名", "证件号码", "备注", "备 注"),
    ],
)
def test_duplicate_header_is_refused(head: tuple[str, ...]) -> None:
    assert refusal(workbook([head, ("a",) * len(head)])).code == "duplicate_header"


def test_unknown_columns_are_listed() -> None:
    table, _rows = read(workbook([(*HEAD, "工号", "备注"), (*ROW, "1", "x")]))
    assert [note.params for note in table.notes] == [{"columns": "工号、备注"}]


def test_cells_keep_their_kind() -> None:
    def change(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, value in enumerate([490103200002291051, 1.5, 13800001234], start=1):
            sheet.write_number(row, 1, value)
        sheet.write_boolean(4, 1, True)
        sheet.write_datetime(5, 1, dt.date(2026, 3, 1), day)
        sheet.write_number(6, 1, 46082.5, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        sheet.write_blank(7, 1, None)

    _table, rows = read(workbook([HEAD, *[("张三",)] * 7], change))
    cells = [row.cells["id_number"] for row in rows]
    assert [cell.kind for cell in cells] == [
        *[CellKind.NUMBER] * 3,
        CellKind.BOOL,
        *[CellKind.DATE] * 2,
        CellKind.BLANK,
    ]
    assert [cell.value for cell in cells[1:4]] == [1.5, 13800001234, True]
    assert cells[4].value == dt.date(2026, 3, 1)
    assert cells[5].text == "2026-03-01 12:00:00"
    assert isinstance(cells[0].value, int)


@pytest.mark.parametrize("serial", [1, 59, 60])
def test_date_of_early_1900_is_an_error_cell(serial: int) -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.write_number(1, 1, serial, book.add_format({"num_format": "yyyy-mm-dd"}))

    _table, rows = read(workbook([HEAD, ("张三",)], change))
    assert rows[0].cells["id_number"].kind == CellKind.ERROR


def test_date_of_a_1904_workbook_uses_its_epoch() -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.write_number(1, 1, 44620, book.add_format({"num_format": "yyyy-mm-dd"}))

    _table, rows = read(workbook([HEAD, ("张三",)], change, date_1904=True))
    assert rows[0].cells["id_number"].value == dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    "formula",
    ["=A1", '=HYPERLINK("http://a.example","x")', '=WEBSERVICE("http://a.example")', "=1+1"],
)
def test_formula_cell_is_marked_not_trusted(formula: str) -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.write_formula(2, 1, formula, None, "490103200002291051")

    _table, rows = read(workbook([HEAD, ROW, ("李四",)], change))
    assert [row.cells["id_number"].kind for row in rows] == [CellKind.TEXT, CellKind.FORMULA]
    assert rows[1].cells["name"].kind == CellKind.TEXT
    assert rows[1].cells["id_number"].text == "490103200002291051"


def test_formula_cell_is_found_when_the_sheet_begins_lower_and_further_right() -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.write_row(3, 2, HEAD)
        sheet.write_row(4, 2, ("张三",))
        sheet.write_formula(4, 3, "=1+1")

    table, rows = read(workbook([], change))
    assert (table.header_row, table.where(rows[0], "id_number")) == (4, "D5")
    assert rows[0].cells["id_number"].kind == CellKind.FORMULA


def test_shared_formula_and_error_cell_are_found() -> None:
    content = workbook([HEAD, ROW, ROW, ROW])
    xml = sheet_xml(content)
    xml = xml.replace(
        b'<c r="B2" t="s"><v>4</v></c>', b'<c r="B2"><f t="shared" si="0"/><v>1</v></c>'
    )
    xml = xml.replace(b'<c r="B3" t="s"><v>4</v></c>', b'<c r="B3" t="e"><v>#N/A</v></c>')
    _table, rows = read(repacked(content, replace={"xl/worksheets/sheet1.xml": xml}))
    assert [row.cells["id_number"].kind for row in rows] == [
        CellKind.FORMULA,
        CellKind.ERROR,
        CellKind.TEXT,
    ]


def test_formula_with_a_namespace_prefix_and_no_addresses_is_found() -> None:
    def text(value: str) -> str:
        return f'<x:c t="inlineStr"><x:is><x:t>{value}</x:t></x:is></x:c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    formula = "<x:c><x:f>1+1</x:f><x:v>2</x:v></x:c>"
    xml = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData>'
        f"<x:row>{text('姓名')}{text('证件号码')}</x:row><x:row>{text('张三')}{formula}</x:row>"
        "</x:sheetData></x:worksheet>"
    ).encode()
    content = repacked(workbook(), replace={"xl/worksheets/sheet1.xml": xml})
    _table, rows = read(content)
    assert rows[0].cells["id_number"].kind == CellKind.FORMULA


def test_hidden_rows_are_read_and_counted() -> None:
    def change(book: Any, sheet: Any) -> None:
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(3, None, None, {"hidden": True})

    table, rows = read(workbook([HEAD, ROW, ROW, ROW], change))
    assert len(rows) == 3
    assert [(note.code, note.params) for note in table.notes] == [("hidden_rows", {"count": 2})]


def test_first_visible_sheet_is_read() -> None:
    def change(book: Any, sheet: Any) -> None:
        second = book.add_worksheet("二月")
        second.write_row(0, 0, HEAD)
        second.write_row(1, 0, ("李四", "1", "2"))
        second.activate()
        sheet.hide()

    table, rows = read(workbook([("别的",)], change))
    assert (table.sheet_name, texts(rows[0])["name"]) == ("二月", "李四")
    assert [(note.code, note.params) for note in table.notes] == [
        ("other_sheets", {"name": "二月", "count": 1})
    ]


def test_workbook_without_a_visible_sheet_is_refused() -> None:
    content = workbook()
    xml = sheet_xml(content, "xl/workbook.xml").replace(
        b'sheetId="1"', b'sheetId="1" state="hidden"'
    )
    assert refusal(repacked(content, replace={"xl/workbook.xml": xml})).code == "no_sheet"


def test_external_links_and_pictures_are_left_out_with_a_note() -> None:
    extra = {
        "xl/externalLinks/externalLink1.xml": b"<a/>",
        "xl/media/image1.png": b"x",
        "xl/embeddings/o.bin": b"x",
    }
    table, _rows = read(repacked(workbook(), replace=extra))
    assert note_codes(table) == ["external_links", "embedded"]


def test_blank_rows_between_are_skipped_and_numbers_stay() -> None:
    _table, rows = read(workbook([HEAD, ROW, ("", " ", ""), ROW]))
    assert [row.number for row in rows] == [2, 4]


@pytest.mark.parametrize(("gap", "numbers"), [(999, [2, 1002]), (1000, [2])])
def test_reading_stops_after_a_thousand_blank_rows(gap: int, numbers: list[int]) -> None:
    table, rows = read(workbook([HEAD, ROW, *[()] * gap, ROW]))
    assert [row.number for row in rows] == numbers
    assert note_codes(table) == (["gap"] if gap == 1000 else [])


@pytest.mark.parametrize(("count", "is_accepted"), [(5, True), (6, False)])
def test_row_cap_is_the_callers(count: int, is_accepted: bool) -> None:
    content = workbook([HEAD, *[ROW] * count])
    if is_accepted:
        assert len(read(content, max_rows=5)[1]) == 5
    else:
        error = refusal(content, max_rows=5)
        assert (error.code, error.params, error.where) == ("too_many_rows", {"limit": 5}, "row 7")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workbook([HEAD]), "no_data_rows"),
        (workbook([HEAD, ("", " ", "")]), "no_data_rows"),
        (workbook([]), "no_data_rows"),
        (workbook([("", "")]), "no_data_rows"),
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b",,,\r\n,,,\r\n", "empty"),
        ("姓名,证件号码\r\n".encode(), "no_data_rows"),
        ("姓名,证件号码\r\n,\r\n , \r\n".encode(), "no_data_rows"),
    ],
)
def test_file_without_data_is_refused(content: bytes, code: str) -> None:
    filename = "名单.xlsx" if content.startswith(b"PK") else "名单.csv"
    assert refusal(content, filename).code == code


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("gbk", "GB18030"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
    ],
)
def test_csv_encoding_is_detected_and_shown(codec: str, name: str) -> None:
    table, rows = read(CSV.encode(codec), "名单.csv")
    assert texts(rows[0])["name"] == "张三"
    assert [(note.code, note.params) for note in table.notes] == [("encoding", {"encoding": name})]


def test_csv_in_big_endian_utf16_is_read() -> None:
    _table, rows = read(b"\xfe\xff" + CSV.encode("utf-16-be"), "名单.csv")
    assert texts(rows[0])["name"] == "张三"


def test_csv_rare_character_of_gb18030_is_kept() -> None:
    _table, rows = read(CSV.replace("张三", "王𬭎").encode("gb18030"), "名单.csv")
    assert texts(rows[0])["name"] == "王𬭎"


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(("delimiter", "note"), [(",", []), (";", [";"]), ("\t", ["TAB"])])
def test_csv_delimiters_and_line_ends_are_read(
    ending: str, delimiter: str, note: list[str]
) -> None:
    text = CSV.replace("\r\n", ending).replace(",", delimiter)
    table, rows = read(text.encode(), "名单.csv")
    assert texts(rows[0])["phone"] == "13800001234"
    assert [n.params["delimiter"] for n in table.notes if n.code == "delimiter"] == note


def test_csv_quoted_cell_may_span_lines() -> None:
    text = '姓名,证件号码\r\n"张\n三",1\r\n李四,"a,""b"""\r\n'
    _table, rows = read(text.encode(), "名单.csv")
    assert [(row.number, texts(row)["name"], texts(row)["id_number"]) for row in rows] == [
        (2, "张\n三", "1"), (3, "李四", 'a,"b"'),
    ]  # fmt: skip


def test_csv_short_row_has_blank_cells() -> None:
    _table, rows = read("姓名,证件号码,手机号\n张三\n".encode(), "名单.csv")
    assert rows[0].cells["phone"].kind == CellKind.BLANK


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (CSV.encode() + b"\xff\xff", "undecodable", "row 3"),
        ("姓名,证件号码\n张三,".encode("gbk") + b"\xff\n", "undecodable", "row 2"),
        (b"\xef\xbb\xbf" + "姓名,证件号码\n".encode() + b"\xd5\xc5,1\n", "undecodable", "row 2"),
        (b"\xff\xfe" + "姓名".encode("utf-16-le") + b"\x00", "undecodable", "row 1"),
        ("姓名,证件号码\n张三,\ufffd\n".encode(), "lost_characters", "row 2"),
        ('姓名,证件号码\n张三,1\n"李四,2\n王五,3\n'.encode(), "unclosed_quote", "line 3"),
        ('姓名,证件号码\n"张"三,1\n'.encode(), "quote", "line 2"),
        (f"姓名,证件号码\n张三,{'9' * 40_000}\n".encode(), "long_cell", "line 2"),
        (f"姓名,证件号码\n张三,{'9' * 1_000_000}\n".encode(), "long_cell", "line 2"),
        (b"a\x00b,c\n", "not_spreadsheet", ""),
        (b"\x00\x01\x02\x03", "not_spreadsheet", ""),
    ],
)
def test_csv_fault_is_refused_with_its_place(content: bytes, code: str, where: str) -> None:
    error = refusal(content, "名单.csv")
    assert (error.code, error.where) == (code, where)


def test_csv_undecodable_byte_says_row_and_byte() -> None:
    error = refusal("姓名,证件号码\n张三,".encode("gbk") + b"\xff\n", "名单.csv")
    assert error.params == {"row": 2, "column": 6, "encoding": "GB18030"}


def test_csv_row_cap_is_the_callers() -> None:
    error = refusal((CSV + "李四,1,2\n" * 5).encode(), "名单.csv", max_rows=5)
    assert error.code == "too_many_rows"


@given(
    st.lists(
        st.tuples(
            *[
                st.text(
                    alphabet=st.characters(categories=["L", "N"], max_codepoint=0xFFFF),
                    min_size=1,
                    max_size=12,
                )
            ]
            * 3
        ),
        min_size=1,
        max_size=8,
    )
)
def test_workbook_round_trips(rows: list[tuple[str, str, str]]) -> None:
    _table, found = read(workbook([HEAD, *rows]))
    assert [tuple(cell.text for cell in row.cells.values()) for row in found] == rows


@given(st.integers(0, 16_383))
def test_column_letters_round_trip(index: int) -> None:
    assert column_index(column_letters(index)) == index


def test_column_letters_are_those_of_excel() -> None:
    assert [column_letters(i) for i in (0, 25, 26, 701, 702, 16_383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]


@pytest.mark.deep
def test_every_one_of_100_000_rows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.xlsx"
    columns = [Column(title) for title in (*HEAD, "单位", "群体", "平台", "车牌", "备注")]
    rows = (
        (f"张{i}", str(490103200002291051 + i), "13800001234", "甲", "乙", "丙", "丁", "戊")
        for i in range(100_000)
    )
    write_workbook(path, [Sheet("名单", columns, rows)])
    table = open_table(path, path.name, max_rows=200_000, required=REQUIRED, optional=OPTIONAL)
    assert sum(1 for _row in table.rows) == 100_000
