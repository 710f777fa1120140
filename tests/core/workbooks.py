"""Workbooks made by hand for tests: honest ones, odd ones and hostile ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

HEAD = ("姓名", "证件号码", "手机号")
ROW = ("张三", "490103200002291051", "13800001234")
REQUIRED = {"name": ("姓名", "Name"), "id_number": ("证件号码", "身份证号")}
OPTIONAL = {"phone": ("手机号", "手机")}
SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    rows: Sequence[Sequence[Any]] = (HEAD, ROW),
    change: Callable[[xlsxwriter.Workbook, Any], None] | None = None,
    **options: Any,
) -> bytes:
    """Return an .xlsx with the rows as text on its first sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, **options})
    sheet = book.add_worksheet("名单")
    for index, row in enumerate(rows):
        sheet.write_row(index, 0, row)
    if change:
        change(book, sheet)
    book.close()
    return stream.getvalue()


def repacked(
    content: bytes, *, replace: dict[str, bytes] | None = None, drop: tuple[str, ...] = ()
) -> bytes:
    """Return the package with parts replaced, added or dropped."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    parts.update(replace or {})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            if name not in drop:
                archive.writestr(name, data)
    return stream.getvalue()


def sheet_xml(content: bytes, name: str = SHEET) -> bytes:
    """Return one part of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def lying_about_size(content: bytes, name: str, real: bytes, declared: int) -> bytes:
    """Return the package with `name` unpacking to `real` while its headers declare less.

    The checksum is that of the declared beginning, so only counting the bytes finds it out.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(real) + packer.flush()
    clean = repacked(content, drop=(name,))
    stream = io.BytesIO(clean)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"placeholder")
        offset = archive.getinfo(name).header_offset
    data = stream.getvalue()
    checksum = zlib.crc32(real[:declared])
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 33, checksum, len(packed), declared, len(name), 0
    )
    body = data[:offset] + local + name.encode() + packed
    return body + _directory(data, name, offset, (checksum, len(packed), declared), len(body))


def _directory(
    data: bytes, name: str, offset: int, sizes: tuple[int, int, int], start: int
) -> bytes:
    records = b""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
    for info in infos:
        mine = info.filename == name
        crc, packed, unpacked = sizes if mine else (info.CRC, info.compress_size, info.file_size)
        place = offset if mine else info.header_offset
        encoded = info.filename.encode()
        records += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, packed, unpacked,
            len(encoded), 0, 0, 0, 0, 0, place,
        ) + encoded  # fmt: skip
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, len(infos), len(infos), len(records), start, 0
    )
    return records + end
