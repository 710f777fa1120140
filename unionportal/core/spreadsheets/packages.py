"""Checks on a zip-based spreadsheet before any parser sees it.

A few kilobytes can unpack to gigabytes, and two cells can span a billion. The directory is checked
first; then each part is unpacked once, in pieces, and never beyond the size it declared.
"""

from __future__ import annotations

import copy
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets.table import SpreadsheetError

# What zipfile raises for a damaged archive: places before the file, methods and versions to come.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
MAX_ENTRIES = 2_000
MAX_UNPACKED = 400 * 1024 * 1024
MAX_RATIO = 150
RATIO_COUNTS_FROM = 8 * 1024 * 1024  # small files of one repeated value pack very well
CHUNK = 256 * 1024
MAX_WORKBOOK_XML = 2 * 1024 * 1024
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
ODS_MEDIA_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"


@dataclass(frozen=True)
class Package:
    """A zip whose directory was found harmless."""

    archive: zipfile.ZipFile
    kind: str  # "xlsx" or "ods"

    def has(self, prefix: str) -> bool:
        """Whether any part begins with `prefix`."""
        return any(name.startswith(prefix) for name in self.archive.namelist())

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part unpacked in pieces; raise SpreadsheetError when it lies about its size."""
        honest = copy.copy(self.archive.getinfo(name))
        declared = honest.file_size
        honest.file_size = MAX_UNPACKED + 1  # so that zipfile keeps reading past the declared end
        seen = 0
        try:
            with self.archive.open(honest) as part:
                while chunk := part.read(CHUNK):
                    seen += len(chunk)
                    if seen > declared:
                        raise bomb()
                    yield chunk
        except SpreadsheetError:
            raise
        except UNREADABLE:
            raise damaged() from None


def open_package(file: IO[bytes]) -> Package:
    """Check the directory of a zip and tell .xlsx from .ods; raise SpreadsheetError."""
    try:
        archive = zipfile.ZipFile(file)
    except UNREADABLE:
        raise damaged() from None
    infos = archive.infolist()
    names = {info.filename for info in infos}
    if len(infos) > MAX_ENTRIES or len(names) != len(infos):
        raise bomb()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos) or 1
    if unpacked > MAX_UNPACKED:
        raise bomb()
    if unpacked > RATIO_COUNTS_FROM and unpacked / packed > MAX_RATIO:
        raise bomb()
    if any(info.flag_bits & 1 for info in infos):
        raise locked()
    package = Package(archive, _kind(archive, names))
    _refuse_macros(package, names)
    return package


def refuse_entities(package: Package) -> None:
    """Unpack every XML part once; raise SpreadsheetError for a DTD or an unusual encoding."""
    for name in package.archive.namelist():
        if not name.endswith((".xml", ".rels", ".vml")):
            continue
        tail = b""
        for number, chunk in enumerate(package.chunks(name)):
            if number == 0 and (chunk[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in chunk[:8]):
                raise damaged()
            window = tail + chunk
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                raise entities()
            tail = chunk[-16:]


def first_visible_sheet(package: Package) -> tuple[str, str, int]:
    """Return (sheet name, part name, number of other sheets) of a workbook."""
    workbook = _xml(package, "xl/workbook.xml")
    targets = _worksheet_targets(package)
    sheets = [node for node in workbook.iter() if node.tag.endswith("}sheet")]
    for node in sheets:
        part = targets.get(node.get(RELATION, ""))
        if node.get("state", "visible") == "visible" and part in package.archive.namelist():
            return node.get("name", ""), part or "", len(sheets) - 1
    raise no_sheet()


def _worksheet_targets(package: Package) -> dict[str, str]:
    relations = _xml(package, "xl/_rels/workbook.xml.rels")
    return {
        node.get("Id", ""): posixpath.normpath(
            posixpath.join("/xl", node.get("Target", "").replace("\\", "/"))
        ).lstrip("/")
        for node in relations
        if node.get("Type", "").endswith("/worksheet")
    }


def _xml(package: Package, name: str) -> Element:
    if name not in package.archive.namelist():
        raise damaged()
    content = b""
    for chunk in package.chunks(name):
        content += chunk
        if len(content) > MAX_WORKBOOK_XML:
            raise bomb()
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise entities() from None
    except ParseError:
        raise damaged() from None
    return root


def _kind(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise SpreadsheetError(
            "xlsb", _("This is a binary workbook (.xlsb). Save it as .xlsx and upload that.")
        )
    media_type = next(Package(archive, "").chunks("mimetype"), b"") if "mimetype" in names else b""
    if media_type.startswith(ODS_MEDIA_TYPE):
        return "ods"
    raise not_spreadsheet()


def _refuse_macros(package: Package, names: set[str]) -> None:
    has_macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    if not has_macros and "[Content_Types].xml" in names:
        has_macros = any(b"macroEnabled" in part for part in package.chunks("[Content_Types].xml"))
    if has_macros:
        raise SpreadsheetError(
            "macros",
            _("This workbook holds macros (.xlsm). Save it as .xlsx without macros, then upload."),
        )


def bomb() -> SpreadsheetError:
    """Return the refusal of a file that would unpack to far too much."""
    return SpreadsheetError(
        "zip_bomb",
        _("Unpacked, this file is far larger than a roster can be. Copy the rows into a new file."),
    )


def damaged() -> SpreadsheetError:
    """Return the refusal of a file that is no readable workbook."""
    return SpreadsheetError(
        "damaged", _("The file is damaged or cut off. Open it, save it again, and upload that.")
    )


def entities() -> SpreadsheetError:
    """Return the refusal of XML that defines entities."""
    return SpreadsheetError(
        "entities",
        _("The file holds definitions that a spreadsheet never needs. Save it again as .xlsx."),
    )


def locked() -> SpreadsheetError:
    """Return the refusal of a file with a password."""
    return SpreadsheetError(
        "password", _("The file is locked with a password. Save it without one and upload that.")
    )


def no_sheet() -> SpreadsheetError:
    """Return the refusal of a workbook whose sheets are all hidden."""
    return SpreadsheetError(
        "no_sheet", _("The file has no visible sheet. Show one and save again.")
    )


def not_spreadsheet() -> SpreadsheetError:
    """Return the refusal of any other kind of file; names the accepted types."""
    return SpreadsheetError(
        "not_spreadsheet",
        _("This is not a spreadsheet. Upload a file of type .xlsx, .xls, .ods or .csv."),
    )
