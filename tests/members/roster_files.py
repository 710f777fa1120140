"""Roster files as firms send them, made for the tests; every number is synthetic (prefix 49)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence

import xlsxwriter
from stdnum.cn.ric import calc_check_digit

HEADER = ["姓名", "证件号码", "手机号", "工作类别", "车牌号", "平台名称"]
TRUCK = "货车司机"


def id_number(serial: int, born: str = "19900307") -> str:
    """Return a valid synthetic ID number."""
    start = f"490103{born}{serial % 1000:03d}" if serial < 1000 else _far(serial)
    return start + calc_check_digit(start + "0")


def _far(serial: int) -> str:
    """Spread serials over the days of 28 years of birth, 999 a day."""
    days, rest = divmod(serial, 999)
    year, day = divmod(days, 28)
    return f"490103{1970 + year}05{day + 1:02d}{rest + 1:03d}"


def phone(serial: int) -> str:
    return f"199{serial:08d}"


def worker(serial: int, **changes: object) -> list[object]:
    """Return a good row; `changes` by Chinese title."""
    values = {
        "姓名": "测试员" + "甲乙丙丁戊己庚辛壬癸"[serial % 10],
        "证件号码": id_number(serial),
        "手机号": phone(serial),
        "工作类别": TRUCK,
        "车牌号": "",
        "平台名称": "",
    }
    return list({**values, **changes}.values())


def xlsx(
    rows: Sequence[Sequence[object]],
    header: Sequence[str] | None = HEADER,
    *,
    above: Sequence[Sequence[object]] = (),
    edit: Callable[[xlsxwriter.Workbook, object], None] | None = None,
) -> bytes:
    """Return a workbook: numbers stay numbers, text stays text."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet("名册")
        lines = [*above, *([header] if header else []), *rows]
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
        if edit:
            edit(book, sheet)
    return target.getvalue()


def delimited(rows: Sequence[Sequence[object]], encoding: str, header=HEADER) -> bytes:
    """Return CSV text in an encoding."""
    target = io.StringIO()
    csv.writer(target).writerows([header, *rows])
    return target.getvalue().encode(encoding)


def zip_bomb() -> bytes:
    """Return a small file that unpacks a thousandfold."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/sharedStrings.xml", b"0" * 20_000_000)
    return target.getvalue()
