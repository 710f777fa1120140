"""CSV text: strict decoding, strict quoting, and the place of every fault."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets.packages import not_spreadsheet
from unionportal.core.spreadsheets.table import SpreadsheetError

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
DELIMITERS = ",;\t"
REPLACEMENT = "\ufffd"
MAX_FIELD = 32_767  # characters, as much as an Excel cell holds


@dataclass(frozen=True)
class DelimitedText:
    """Decoded text, the name of its encoding and its delimiter."""

    text: str
    encoding: str
    delimiter: str


def decode(content: bytes) -> DelimitedText:
    """Decode strictly as UTF-8, UTF-16 or GB18030; raise SpreadsheetError: undecodable,
    lost_characters, not_spreadsheet."""
    for mark, codec, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _finish(_strict(content.removeprefix(mark), codec, name), name)
    if b"\0" in content:
        raise not_spreadsheet()
    try:
        return _finish(content.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as utf8_error:
        return _finish(_gb18030(content, utf8_error), "GB18030")


def rows(source: DelimitedText) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number from 1, cells); raise SpreadsheetError unclosed_quote, quote, long_cell."""
    reader = csv.reader(
        io.StringIO(source.text, newline=""), delimiter=source.delimiter, strict=True
    )
    number = 0
    while True:
        first_line = reader.line_num + 1
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _explain(str(error), first_line) from None
        _refuse_long(cells, number)
        yield number, cells


def _strict(content: bytes, codec: str, name: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise _undecodable(content, error.start, codec, name) from None


def _gb18030(content: bytes, utf8_error: UnicodeDecodeError) -> str:
    """Return the text; when both fail, blame the encoding that got further."""
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        if error.start >= utf8_error.start:
            raise _undecodable(content, error.start, "gb18030", "GB18030") from None
        raise _undecodable(content, utf8_error.start, "utf-8", "UTF-8") from None


def _undecodable(content: bytes, position: int, codec: str, encoding: str) -> SpreadsheetError:
    before = content[:position].decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")
    row = before.count("\n") + 1
    column = len(before.rpartition("\n")[2].encode(codec)) + 1
    return SpreadsheetError(
        "undecodable",
        _(
            "Row %(row)d, byte %(column)d cannot be read as %(encoding)s. Save the file as .xlsx, "
            "or as CSV in UTF-8."
        ),
        where=f"row {row}",
        row=row,
        column=column,
        encoding=encoding,
    )


def _finish(text: str, encoding: str) -> DelimitedText:
    if REPLACEMENT in text:
        row = text[: text.index(REPLACEMENT)].count("\n") + 1
        raise SpreadsheetError(
            "lost_characters",
            _(
                "Row %(row)d holds characters that were lost when the file was saved. Export it "
                "again from the original."
            ),
            where=f"row {row}",
            row=row,
        )
    if "\0" in text:
        raise not_spreadsheet()
    return DelimitedText(text, encoding, _delimiter(text))


def _delimiter(text: str) -> str:
    """Return the mark that splits the first lines into most cells; the comma when none does."""
    head = "\n".join(text.splitlines()[:10]) if len(text) < MAX_FIELD else text[:MAX_FIELD]
    counts = {mark: head.count(mark) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: counts[mark])


def _refuse_long(cells: list[str], number: int) -> None:
    if cells and max(map(len, cells)) > MAX_FIELD:
        raise _long_cell(number)


def _explain(reason: str, line: int) -> SpreadsheetError:
    if "field larger" in reason:
        return _long_cell(line)
    if "unexpected end" in reason:
        return SpreadsheetError(
            "unclosed_quote",
            _("A quotation mark opened in line %(line)d is never closed. Close it or take it out."),
            where=f"line {line}",
            line=line,
        )
    return SpreadsheetError(
        "quote",
        _("Line %(line)d has a quotation mark in the middle of a cell. Take it out."),
        where=f"line {line}",
        line=line,
    )


def _long_cell(line: int) -> SpreadsheetError:
    return SpreadsheetError(
        "long_cell",
        _("A cell in line %(line)d is longer than %(limit)d characters. Is a quote not closed?"),
        where=f"line {line}",
        line=line,
        limit=MAX_FIELD,
    )
