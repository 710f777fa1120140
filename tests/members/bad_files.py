"""The bad-input corpus, whole files: class → (what is wrong, content and name, outcome).

The outcome is the code of the refusal, ACCEPTED, or MAPPING when an officer is asked for columns.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from tests.core.workbooks import SHEET, repacked, sheet_xml
from tests.members.bad_rows import ACCEPTED
from tests.members.roster_files import delimited, xlsx, zip_bomb

MAPPING = "mapping"
Rows = list[list[object]]
Made = tuple[bytes, str]
Case = tuple[str, Callable[[list[str], Rows], Made], str]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def book(header: list[str], rows: Rows, **options) -> Made:
    return xlsx(rows, header, **options), "r.xlsx"


def text(header: list[str], rows: Rows, encoding: str = "utf-8") -> Made:
    return delimited(rows, encoding, header), "r.csv"


def _changed(header, rows, old: bytes, new: bytes) -> Made:
    content = xlsx(rows, header)
    return repacked(content, replace={SHEET: sheet_xml(content).replace(old, new, 1)}), "r.xlsx"


def _added(header, rows, name: str, content: bytes = b"<x/>") -> Made:
    return repacked(xlsx(rows, header), replace={name: content}), "r.xlsx"


def _entries(header, rows) -> Made:
    stream = io.BytesIO(xlsx(rows, header))
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(2_100):
            archive.writestr(f"x/{number}.xml", b"")
    return stream.getvalue(), "r.xlsx"


def _edited(edit) -> Callable[[list[str], Rows], Made]:
    return lambda header, rows: book(header, rows, edit=edit)


def _hide_sheet(workbook, sheet) -> None:
    other = workbook.add_worksheet("旧")
    other.write(0, 0, "旧")
    other.hide()


def _far_cell(_workbook, sheet) -> None:
    sheet.write(4_000, 0, "远")


def _merge(_workbook, sheet) -> None:
    sheet.merge_range("J1:K1", "备注")


def _marked(mark: str) -> Callable[[list[str], Rows], Made]:
    def make(header: list[str], rows: Rows) -> Made:
        lines = [mark.join(map(str, line)) for line in [header, *rows]]
        return "\n".join(lines).encode(), "r.csv"

    return make


FILES: dict[int, list[Case]] = {
    21: [("bank card column", lambda h, r: book([*h, "银行卡号"], [[*x, "6217 1"] for x in r]),
          ACCEPTED)],
    22: [("26 MB", lambda h, r: (b"PK" + b"x" * 26 * 1024 * 1024, "r.xlsx"), "file_too_big")],
    23: [("bomb", lambda h, r: (zip_bomb(), "r.xlsx"), "zip_bomb"),
         ("thousands of parts", _entries, "zip_bomb")],
    24: [("cell far below", _edited(_far_cell), ACCEPTED),
         ("cell in the last row", _edited(lambda _b, s: s.write(1_048_575, 8, "远")),
          "too_sparse")],
    25: [("DTD", lambda h, r: _changed(h, r, b"<worksheet", b"<!DOCTYPE a><worksheet"), "entities"),
         ("entity", lambda h, r: _changed(h, r, b"<worksheet", b"<!ENTITY a 'b'><worksheet"),
          "entities")],
    26: [("macros", lambda h, r: _added(h, r, "xl/vbaProject.bin"), "macros"),
         ("binary workbook", lambda h, r: (_binary(h, r), "r.xlsb"), "xlsb"),
         ("csv called xlsx", lambda h, r: (text(h, r)[0], "r.xlsx"), "renamed"),
         ("xlsx called csv", lambda h, r: (book(h, r)[0], "r.csv"), "renamed"),
         ("password", lambda h, r: (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
                                    "r.xlsx"), "password"),
         ("PDF", lambda h, r: (b"%PDF-1.4 x", "r.xlsx"), "not_spreadsheet"),
         ("PNG", lambda h, r: (b"\x89PNG" + b"x" * 90, "r.xlsx"), "not_spreadsheet"),
         ("web page", lambda h, r: (b"<html><table></table></html>", "r.xls"), "not_spreadsheet"),
         ("cut off", lambda h, r: (book(h, r)[0][:1_500], "r.xlsx"), "damaged")],
    28: [("external link", lambda h, r: _added(h, r, "xl/externalLinks/externalLink1.xml"),
          ACCEPTED),
         ("picture", lambda h, r: _added(h, r, "xl/media/image1.png", b"\x89PNG"), ACCEPTED),
         ("OLE object", lambda h, r: _added(h, r, "xl/embeddings/oleObject1.bin", OLE), ACCEPTED)],
    29: [("title above", lambda h, r: book(h, r, above=[["某某公司职工名册"], []]), ACCEPTED),
         ("merged header", _edited(_merge), ACCEPTED),
         ("header in row 12", lambda h, r: book(h, r, above=[["x"]] * 11), "no_header"),
         ("no header", lambda h, r: (xlsx(r, None), "r.xlsx"), "no_header")],
    30: [("other order", lambda h, r: book(h[::-1], [x[::-1] for x in r]), ACCEPTED),
         ("English", lambda h, r: book(["Name", "ID number", *h[2:]], r), ACCEPTED),
         ("one more column", lambda h, r: book([*h, "备注"], [[*x, "甲"] for x in r]), ACCEPTED),
         ("no ID column", lambda h, r: book([h[0], "号", *h[2:]], r), MAPPING)],
    31: [("the name twice", lambda h, r: book([*h, "名字"], [[*x, "甲"] for x in r]),
          "duplicate_header")],
    32: [("hidden sheet", _edited(_hide_sheet), ACCEPTED),
         ("second sheet", _edited(lambda b, _s: b.add_worksheet("二")), ACCEPTED),
         ("hidden row", _edited(lambda _b, s: s.set_row(1, None, None, {"hidden": True})),
          ACCEPTED),
         ("filter", _edited(lambda _b, s: s.autofilter(0, 0, 5, 3)), ACCEPTED)],
    36: [*((name, lambda h, r, name=name: text(h, r, name), ACCEPTED)
           for name in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16")),
         ("wrong byte", lambda h, r: (text(h, r)[0] + b"\xff\xff,\n", "r.csv"), "undecodable"),
         ("lost characters", lambda h, r: (text(h, r)[0] + "\ufffd,\n".encode(), "r.csv"),
          "lost_characters")],
    37: [("open quote", lambda h, r: (text(h, r)[0] + b'"x,', "r.csv"), "unclosed_quote"),
         ("quote inside", lambda h, r: (text(h, r)[0] + b'"a"b,c\n', "r.csv"), "quote"),
         ("semicolons", _marked(";"), ACCEPTED),
         ("tabs", _marked("\t"), ACCEPTED),
         ("CR only", lambda h, r: (text(h, r)[0].replace(b"\r\n", b"\r"), "r.csv"), ACCEPTED),
         ("1 MB cell", lambda h, r: (text(h, r)[0] + b"x" * 1_000_000, "r.csv"), "long_cell")],
    38: [("0 bytes", lambda h, r: (b"", "r.csv"), "empty_file"),
         ("line ends only", lambda h, r: (b"\n\n\r\n", "r.csv"), "empty"),
         ("header only", lambda h, r: book(h, []), "no_data_rows"),
         ("blank rows", lambda h, r: book(h, [[" "] * 4] * 5), "no_data_rows"),
         ("blank workbook", lambda h, r: (xlsx([], None), "r.xlsx"), "no_data_rows")],
}  # fmt: skip


def _binary(header: list[str], rows: Rows) -> bytes:
    content = xlsx(rows, header)
    with_bin = repacked(content, replace={"xl/workbook.bin": b"x"})
    return repacked(with_bin, drop=("xl/workbook.xml",))
