"""Tell a spreadsheet's type by its content, check it, and hand out its raw rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, Any, TypeVar

import python_calamine as calamine
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets import delimited, opendocument, packages
from unionportal.core.spreadsheets.scanning import SheetScan, scan_sheet
from unionportal.core.spreadsheets.table import (
    TAG_SHEET,
    CellValue,
    SpreadsheetError,
    TableNote,
)

ZIP_START = b"PK"
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
FOREIGN_STARTS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc", b"\x1f\x8b")
MARKUP_STARTS = (b"<html", b"<!doc", b"<?xml", b"<tabl", b"mime-")
WORKBOOK_NAMES = (".xlsx", ".xls", ".ods", ".et", ".xlsm", ".xlsb")

TAG_LENGTH = 80

NumberedRow = tuple[int, list[CellValue]]
Result = TypeVar("Result")


@dataclass
class Source:
    """Rows of one sheet, counted from 1, before its header is known."""

    kind: str
    rows: Iterator[NumberedRow]
    sheet_name: str = ""
    scan: SheetScan = field(default_factory=SheetScan)
    notes: list[TableNote] = field(default_factory=list)
    formulas_visible: bool = True
    tag: str = ""

    def note(self, code: str, text: str | Promise, **params: object) -> None:
        """Add something for the preview."""
        self.notes.append(TableNote(code, text, params))


def open_source(path_or_file: str | Path | IO[bytes], filename: str, max_bytes: int) -> Source:
    """Return the raw rows of the first visible sheet; raise SpreadsheetError."""
    content = _read(path_or_file, max_bytes)
    suffix = PurePath(filename).suffix.lower()
    if not content.strip(b"\0\r\n\t ,;"):
        raise SpreadsheetError("empty", _("The file is empty. Fill in the template and upload it."))
    if content.startswith(ZIP_START):
        _refuse_renamed(suffix not in {".csv", ".txt"}, "xlsx")
        return _from_package(content)
    if content.startswith(OLE_START):
        return _from_legacy(content)
    _refuse_foreign(content)
    _refuse_renamed(suffix not in WORKBOOK_NAMES, "csv")
    return _from_text(content)


def _read(path_or_file: str | Path | IO[bytes], max_bytes: int) -> bytes:
    if isinstance(path_or_file, str | Path):
        with Path(path_or_file).open("rb") as file:
            content = file.read(max_bytes + 1)
    else:
        path_or_file.seek(0)
        content = path_or_file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise SpreadsheetError(
            "too_big",
            _("The file is larger than %(limit)d MB. Split it, or take out pictures."),
            limit=max_bytes // (1024 * 1024),
        )
    return content


def _from_package(content: bytes) -> Source:
    package = packages.open_package(io.BytesIO(content))
    packages.refuse_entities(package)
    if package.kind == "ods":
        return _from_opendocument(package, content)
    name, part, others = packages.first_visible_sheet(package)
    scan = scan_sheet(package, part)
    workbook = _guarded(lambda: calamine.load_workbook(io.BytesIO(content)))
    sheet = _guarded(lambda: workbook.get_sheet_by_name(name))
    source = Source("xlsx", _sheet_rows(sheet), name, scan)
    source.tag = _tag(workbook)
    _note_sheet(source, others)
    if package.has("xl/externalLinks/"):
        source.note("external_links", _("Links to other files were not followed."))
    if package.has("xl/embeddings/") or package.has("xl/media/"):
        source.note("embedded", _("Pictures and embedded files were left out."))
    return source


def _tag(workbook: calamine.CalamineWorkbook) -> str:
    """Return the first cell of our hidden sheet, when there is one."""
    if TAG_SHEET not in workbook.sheet_names:
        return ""
    sheet = _guarded(lambda: workbook.get_sheet_by_name(TAG_SHEET))
    first = next(iter(sheet.iter_rows()), [])
    return str(first[0])[:TAG_LENGTH] if first else ""


def _from_opendocument(package: packages.Package, content: bytes) -> Source:
    scans = opendocument.scan_content(package)
    workbook, index = _first_visible(content)
    if index >= len(scans):
        raise packages.damaged()
    sheet = _guarded(lambda: workbook.get_sheet_by_index(index))
    source = Source("ods", _sheet_rows(sheet), sheet.name, scans[index])
    _note_sheet(source, len(workbook.sheet_names) - 1)
    return source


def _from_legacy(content: bytes) -> Source:
    if ENCRYPTED in content:
        raise packages.locked()
    workbook, index = _first_visible(content)
    sheet = _guarded(lambda: workbook.get_sheet_by_index(index))
    source = Source("xls", _sheet_rows(sheet), sheet.name, formulas_visible=False)
    source.note(
        "formulas_unseen",
        _("In .xls files formulas and hidden rows cannot be seen. Save as .xlsx to be sure."),
    )
    _note_sheet(source, len(workbook.sheet_names) - 1)
    return source


def _first_visible(content: bytes) -> tuple[calamine.CalamineWorkbook, int]:
    workbook = _guarded(lambda: calamine.load_workbook(io.BytesIO(content)))
    for index, meta in enumerate(workbook.sheets_metadata):
        is_visible = meta.visible == calamine.SheetVisibleEnum.Visible
        if is_visible and meta.typ == calamine.SheetTypeEnum.WorkSheet:
            return workbook, index
    raise packages.no_sheet()


def _from_text(content: bytes) -> Source:
    text = delimited.decode(content)
    rows = ((number, list[CellValue](cells)) for number, cells in delimited.rows(text))
    source = Source("csv", rows)
    source.note("encoding", _("Read as %(encoding)s."), encoding=text.encoding)
    if text.delimiter != ",":
        name = "TAB" if text.delimiter == "\t" else text.delimiter
        source.note("delimiter", _("Columns are split at %(delimiter)s."), delimiter=name)
    return source


def _sheet_rows(sheet: calamine.CalamineSheet) -> Iterator[NumberedRow]:
    """Yield rows from the first row and column of the sheet; the reader skips empty columns."""
    rows: Iterable[list[Any]] = sheet.iter_rows()
    skipped = sheet.start[1] if sheet.start else 0
    if skipped:
        rows = ([None] * skipped + row for row in rows)
    return enumerate(rows, start=1)


def _note_sheet(source: Source, others: int) -> None:
    if others > 0:
        source.note(
            "other_sheets",
            _("Only the sheet “%(name)s” was read; other sheets: %(count)d."),
            name=source.sheet_name,
            count=others,
        )
    if source.scan.hidden_rows:
        source.note(
            "hidden_rows",
            _("Hidden rows, read like all others: %(count)d."),
            count=source.scan.hidden_rows,
        )


def _refuse_renamed(is_honest: bool, real: str) -> None:
    if not is_honest:
        raise SpreadsheetError(
            "renamed",
            _("By its content this is a .%(real)s file. Give it that ending, or save it anew."),
            real=real,
        )


def _refuse_foreign(content: bytes) -> None:
    start = content[:5].lower()
    if content.startswith(FOREIGN_STARTS) or start.startswith(MARKUP_STARTS):
        raise packages.not_spreadsheet()


def _guarded(read: Callable[[], Result]) -> Result:
    """Run the value reader; whatever a damaged file makes it do becomes one clear refusal."""
    try:
        return read()
    except calamine.PasswordError:
        raise packages.locked() from None
    except (calamine.CalamineError, OSError, ValueError):
        raise packages.damaged() from None
    except BaseException as error:
        # The reader is Rust: a panic arrives as a BaseException of a class nobody can import.
        if type(error).__name__ != "PanicException":
            raise
        raise packages.damaged() from None
