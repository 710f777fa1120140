"""Files that attack: bad-input classes 22 to 26. Each is one clear refusal, quickly."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.workbooks import (
    HEAD,
    REQUIRED,
    ROW,
    SHEET,
    lying_about_size,
    repacked,
    sheet_xml,
    workbook,
)
from unionportal.core.spreadsheets import SpreadsheetError, open_table

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TYPES = "[Content_Types].xml"
SHARED = "xl/sharedStrings.xml"
OFFICE_STYLE = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" office:version="1.2">'
MANIFEST = '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"


def read(content: bytes, filename: str = "名单.xlsx", **options: Any) -> int:
    table = open_table(io.BytesIO(content), filename, max_rows=50_000, required=REQUIRED, **options)
    return sum(1 for _row in table.rows)


def refusal(content: bytes, filename: str = "名单.xlsx", **options: Any) -> str:
    with pytest.raises(SpreadsheetError) as caught:
        read(content, filename, **options)
    assert caught.value.message
    return caught.value.code


def entries(count: int) -> bytes:
    stream = io.BytesIO(workbook())
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(count):
            archive.writestr(f"x/{number}.xml", b"")
    return stream.getvalue()


def ods(cells: str) -> bytes:
    xml = (
        '<?xml version="1.0"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="名单">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", ODS_TYPE)
        archive.writestr("content.xml", xml)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return stream.getvalue()


def ods_row(*cells: str, attributes: str = "", row: str = "") -> str:
    made = "".join(
        f'<table:table-cell office:value-type="string" {attributes}>'
        f"<text:p>{text}</text:p></table:table-cell>"
        for text in cells
    )
    return f"<table:table-row {row}>{made}</table:table-row>"


def test_file_above_the_limit_is_refused_before_parsing() -> None:
    assert refusal(b"PK" + b"\0" * (25 * 1024 * 1024)) == "too_big"
    assert refusal(workbook(), max_bytes=1000) == "too_big"


@pytest.mark.parametrize("name", [SHARED, SHEET, "xl/styles.xml", "docProps/app.xml", "evil.xml"])
def test_zip_bomb_is_refused_by_its_directory(name: str) -> None:
    assert refusal(repacked(workbook(), replace={name: b"<a>" + b" " * 30_000_000})) == "zip_bomb"


@pytest.mark.parametrize("name", [SHARED, SHEET, "xl/workbook.xml", "[Content_Types].xml"])
def test_zip_bomb_that_lies_about_its_size_is_refused(name: str) -> None:
    real = b"<sst>" + b" " * 50_000_000
    assert refusal(lying_about_size(workbook(), name, real, declared=1000)) == "zip_bomb"


def test_zip_of_many_entries_is_refused() -> None:
    assert refusal(entries(2_001)) == "zip_bomb"
    assert read(entries(100)) == 1


def test_zip_with_one_name_twice_is_refused() -> None:
    stream = io.BytesIO(workbook())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    assert refusal(stream.getvalue()) == "zip_bomb"


def test_nested_zip_is_never_opened() -> None:
    assert read(repacked(workbook(), replace={"xl/embeddings/inner.zip": entries(10)})) == 1


@pytest.mark.parametrize(
    ("row", "column", "is_read"),
    [
        (1_048_575, 0, True),
        (1_048_575, 25, False),
        (1_048_575, 16_383, False),
        (1, 16_383, True),
        (199_999, 25, True),
    ],
)
def test_far_cell_is_read_or_refused_but_never_fills_the_memory(
    row: int, column: int, is_read: bool
) -> None:
    content = workbook(change=lambda _book, sheet: sheet.write_string(row, column, "x"))
    if is_read:
        assert read(content) == 1
    else:
        assert refusal(content) == "too_sparse"


@pytest.mark.parametrize(
    "spelling",
    [
        b'<c r="XFD1048576"><v>1</v></c>',
        b"<c r='XFD1048576'><v>1</v></c>",
        b'<c r = "XFD1048576"><v>1</v></c>',
        b'<c s="0" r="XFD1048576"><v>1</v></c>',
        b'<c\nr="XFD1048576"><v>1</v></c>',
        b'<c r="xfd1048576"><v>1</v></c>',
        b'<c r="ZZ999999"><v>1</v></c>',
    ],
)
def test_far_cell_is_found_however_it_is_spelled(spelling: bytes) -> None:
    content = workbook()
    xml = sheet_xml(content).replace(b"</row></sheetData>", spelling + b"</row></sheetData>")
    assert refusal(repacked(content, replace={SHEET: xml})) == "too_sparse"


def test_far_cell_made_of_cells_without_address_is_found() -> None:
    content = workbook()
    many = b"<c><v>1</v></c>" * 2_000
    far = b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    xml = sheet_xml(content).replace(
        b"</row></sheetData>", many + b"</row>" + far + b"</sheetData>"
    )
    assert refusal(repacked(content, replace={SHEET: xml})) == "too_sparse"


DTD = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "name", [SHEET, SHARED, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "docProps/core.xml"]
)
@pytest.mark.parametrize("padding", [0, 300_000])
def test_dtd_is_refused_in_every_part(name: str, padding: int) -> None:
    content = workbook()
    xml = sheet_xml(content, name)
    end = xml.index(b"?>") + 2
    changed = xml[:end] + b" " * padding + DTD + xml[end:]
    assert refusal(repacked(content, replace={name: changed})) == "entities"


def test_dtd_in_another_encoding_is_refused() -> None:
    content = workbook()
    xml = (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "a">]><worksheet/>'.encode(
            "utf-16"
        )
    )
    assert refusal(repacked(content, replace={SHEET: xml})) == "damaged"


def changed(name: str, content: bytes) -> bytes:
    return repacked(workbook(), replace={name: content})


def without(name: str) -> bytes:
    return repacked(workbook(), drop=(name,))


def with_macro_type() -> bytes:
    types = sheet_xml(workbook(), TYPES)
    return changed(TYPES, types.replace(b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"))


def binary_workbook() -> bytes:
    return repacked(workbook(), replace={"xl/workbook.bin": b"x"}, drop=("xl/workbook.xml",))


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (changed("xl/vbaProject.bin", b"x"), "a.xlsm", "macros"),
        (changed("xl/vbaProject.bin", b"x"), "a.xlsx", "macros"),
        (with_macro_type(), "a.xlsx", "macros"),
        (binary_workbook(), "a.xlsb", "xlsb"),
        (without("xl/workbook.xml"), "a.xlsx", "not_spreadsheet"),
        (without("xl/_rels/workbook.xml.rels"), "a.xlsx", "damaged"),
        (without(SHEET), "a.xlsx", "no_sheet"),
        (changed(SHEET, b"<worksheet><sheetData><row>"), "a.xlsx", "damaged"),
        (changed(SHEET, b"no xml at all"), "a.xlsx", "damaged"),
        (changed("xl/workbook.xml", b"<workbook"), "a.xlsx", "damaged"),
        (workbook()[:-30], "a.xlsx", "damaged"),
        (workbook()[:400], "a.xlsx", "damaged"),
        (b"PK\x03\x04", "a.xlsx", "damaged"),
        (b"PK\x05\x06" + b"\0" * 18, "a.xlsx", "not_spreadsheet"),
        ("姓名,证件号码\n张三,1\n".encode(), "a.xlsx", "renamed"),
        ("姓名,证件号码\n张三,1\n".encode("gbk"), "a.xls", "renamed"),
        (workbook(), "a.csv", "renamed"),
        (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "password"),
        (OLE + b"\0" * 2000, "a.xls", "damaged"),
        (OLE, "a.xls", "damaged"),
        (b"%PDF-1.7\n", "a.xlsx", "not_spreadsheet"),
        (b"%PDF-1.7\n", "a.csv", "not_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n", "a.xlsx", "not_spreadsheet"),
        (b"\xff\xd8\xff\xe0", "a.csv", "not_spreadsheet"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a.xls", "not_spreadsheet"),
        (b'<?xml version="1.0"?><Workbook/>', "a.xls", "not_spreadsheet"),
        (b"Rar!\x1a\x07", "a.xlsx", "not_spreadsheet"),
        (b"\x1f\x8b\x08", "a.csv", "not_spreadsheet"),
    ],
)
def test_wrong_kind_of_file_is_refused_by_content(content: bytes, filename: str, code: str) -> None:
    assert refusal(content, filename) == code


def test_zip_with_a_password_is_refused() -> None:
    content = bytearray(workbook())
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1
    assert refusal(bytes(content)) == "password"


def test_workbook_under_another_ending_is_read_by_content() -> None:
    assert read(workbook(), "名单.xls") == 1
    assert read(workbook(), "名单") == 1
    assert read("姓名,证件号码\n张三,1\n".encode(), "名单.txt") == 1


def test_opendocument_is_read() -> None:
    content = ods(ods_row("姓名", "证件号码") + ods_row("张三", "490103200002291051"))
    assert read(content, "名单.ods") == 1


def test_opendocument_formula_and_hidden_row_are_seen() -> None:
    content = ods(
        ods_row("姓名", "证件号码")
        + ods_row("张三", "1", row='table:visibility="collapse"')
        + ods_row("李四", "2", attributes='table:formula="of:=1+1"')
    )
    table = open_table(io.BytesIO(content), "a.ods", max_rows=9, required=REQUIRED)
    assert [row.cells["name"].kind for row in table.rows] == ["text", "formula"]
    assert [(note.code, note.params) for note in table.notes] == [("hidden_rows", {"count": 1})]


@pytest.mark.parametrize(
    "bomb",
    [
        ods_row(
            "x",
            attributes='table:number-columns-repeated="16384"',
            row='table:number-rows-repeated="1048576"',
        ),
        ods_row("x", row='table:number-rows-repeated="7000000"'),
        '<table:table-row table:number-rows-repeated="1048575"/>' + ods_row(*"x" * 30),
    ],
)
def test_opendocument_that_repeats_itself_to_death_is_refused(bomb: str) -> None:
    content = ods(ods_row("姓名", "证件号码") + ods_row("张三", "1") + bomb)
    assert refusal(content, "a.ods") == "too_sparse"


def test_opendocument_hidden_sheet_is_passed_over() -> None:
    styles = (
        '<office:automatic-styles><style:style style:name="h" style:family="table">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    )
    content = ods(
        ods_row("别的", attributes='table:formula="of:=1"')
        + '</table:table><table:table table:name="二月">'
        + ods_row("姓名", "证件号码")
        + ods_row("张三", "1")
    )
    xml = sheet_xml(content, "content.xml").decode()
    xml = xml.replace('office:version="1.2">', OFFICE_STYLE + styles, 1)
    xml = xml.replace(
        '<table:table table:name="名单">', '<table:table table:name="名单" table:style-name="h">'
    )
    table = open_table(
        io.BytesIO(repacked(content, replace={"content.xml": xml.encode()})),
        "a.ods",
        max_rows=9,
        required=REQUIRED,
    )
    assert table.sheet_name == "二月"
    assert [row.cells["name"].kind for row in table.rows] == ["text"]


def test_opendocument_with_a_dtd_is_refused() -> None:
    content = repacked(
        ods(ods_row("姓名")), replace={"content.xml": b'<?xml version="1.0"?>' + DTD + b"<a/>"}
    )
    assert refusal(content, "a.ods") == "entities"


@pytest.mark.parametrize("number", ["x", "-5", "99999999999999999999"])
def test_opendocument_with_odd_repeats_never_breaks(number: str) -> None:
    content = ods(
        ods_row("姓名", "证件号码", attributes=f'table:number-columns-repeated="{number}"')
    )
    assert refusal(content, "a.ods") in {
        "damaged",
        "no_data_rows",
        "no_header",
        "too_sparse",
        "duplicate_header",
    }


BASE = workbook([HEAD, ROW])


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(BASE) - 1), value=st.integers(0, 255))
@example(place=BASE.rindex(b"PK\x01\x02") + 6, value=64)  # a zip of a version to come
@example(place=BASE.rindex(b"PK\x05\x06") + 17, value=255)  # parts that begin before the file
def test_any_changed_byte_is_read_or_refused_cleanly(place: int, value: int) -> None:
    content = bytearray(BASE)
    content[place] = value
    try:
        outcome = read(bytes(content))
    except SpreadsheetError as error:
        outcome = len(error.message)
    assert outcome


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.xlsx", "a.xls", "a.csv", "a.ods", "a"]))
def test_any_bytes_are_read_or_refused_cleanly(content: bytes, filename: str) -> None:
    try:
        outcome = read(content, filename)
    except SpreadsheetError as error:
        outcome = len(error.message)
    assert outcome
