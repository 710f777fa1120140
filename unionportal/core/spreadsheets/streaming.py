"""Write a long list as .xlsx row by row: text cells only, nothing held in memory.

A workbook library calls several functions for every cell. A list is text in columns that are known
beforehand, so its rows are put together here as they stand in the file (ECMA-376, part 1, 18.3).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

MOST_ROWS = 1_048_575  # Excel's limit, less the head
SHEET_BYTES = 1_900_000_000  # a larger part needs an extension not every program reads
CELL_BYTES = 130
AT_ONCE = 500
# Signs that need another writing in XML or in a cell, and blanks at the ends of a text.
_SPECIAL = re.compile(
    "[&<>\x01-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|(?:^|\0)\\s|\\s(?:\0|$)"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/>'
    '</font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="2"><border/><border><left/><right/><top/><bottom style="thin"/></border>'
    '</borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" borderId="1" applyNumberFormat="1" applyFont="1"'
    ' applyBorder="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
PLAIN, TITLE = 1, 2  # of the styles above


@dataclass(frozen=True)
class Title:
    """The title of a column and its width in characters."""

    text: str
    width: int = 16


class TextWorkbook:
    """A workbook being written; rows that do not fit on one sheet go on to the next."""

    def __init__(self, archive: zipfile.ZipFile, titles: Sequence[Title]) -> None:
        self.archive = archive
        self.titles = titles
        self.letters = [_letters(place) for place in range(len(titles))]
        self.most_rows = min(MOST_ROWS, SHEET_BYTES // (CELL_BYTES * max(1, len(titles))))
        self.sheets = 0
        self.part: IO[bytes] | None = None
        self.line = 1
        self.waiting: list[str] = []

    def append(self, row: Sequence[object]) -> None:
        """Add a row of texts; None and "" leave the cell out."""
        if self.part is None or self.line > self.most_rows:
            self._next_sheet()
        self.line += 1
        self.waiting.append(_row(self.line, self.letters, row, PLAIN))
        if len(self.waiting) >= AT_ONCE:
            self._flush()

    def close(self) -> None:
        """End the last sheet and write what holds the sheets together."""
        if self.part is None:
            self._next_sheet()
        self._end_sheet()
        for name, content in _frame(self.sheets).items():
            self.archive.writestr(name, content)

    def abandon(self) -> None:
        """Let go of the sheet being written, so that what went wrong is what is told."""
        if self.part is not None:
            self.part.close()

    def _next_sheet(self) -> None:
        self._end_sheet()
        self.sheets += 1
        self.part = self.archive.open(f"xl/worksheets/sheet{self.sheets}.xml", "w")
        self.line = 1
        self.part.write(_sheet_head(self.titles).encode())
        self.waiting = [_row(1, self.letters, [one.text for one in self.titles], TITLE)]

    def _end_sheet(self) -> None:
        if self.part is not None:
            self._flush()
            self.part.write(b"</sheetData></worksheet>")
            self.part.close()

    def _flush(self) -> None:
        assert self.part is not None
        self.part.write("".join(self.waiting).encode())
        self.waiting = []


@contextmanager
def text_workbook(path: Path, titles: Sequence[Title]) -> Iterator[TextWorkbook]:
    """Open a workbook of text columns for writing at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        book = TextWorkbook(archive, titles)
        try:
            yield book
        except BaseException:
            book.abandon()
            raise
        book.close()


def _letters(place: int) -> str:
    first, last = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


def _row(line: int, letters: list[str], row: Sequence[object], style: int) -> str:
    texts = ["" if value is None else str(value) for value in row]
    if _SPECIAL.search("\0".join(texts)):
        cells = [
            f'<c r="{letter}{line}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
            f"{_written(text)}</t></is></c>"
            for letter, text in zip(letters, texts, strict=True)
            if text
        ]
    else:
        cells = [
            f'<c r="{letter}{line}" s="{style}" t="inlineStr"><is><t>{text}</t></is></c>'
            for letter, text in zip(letters, texts, strict=True)
            if text
        ]
    return f'<row r="{line}">{"".join(cells)}</row>'


def _written(text: str) -> str:
    """Write control characters as cells do (18.3.1: `_x0007_`), then what XML reserves."""
    return escape(_CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def _sheet_head(titles: Sequence[Title]) -> str:
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{one.width + 0.7109375}" style="{PLAIN}"'
        ' customWidth="1"/>'
        for place, one in enumerate(titles, start=1)
    )
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{columns}</cols><sheetData>"
    )


def _frame(sheets: int) -> dict[str, str]:
    """Return the parts that name the sheets and how they look."""
    numbers = range(1, sheets + 1)
    listed = "".join(
        f'<sheet name={quoteattr(f"Sheet{one}")} sheetId="{one}" r:id="rId{one}"/>'
        for one in numbers
    )
    links = "".join(
        f'<Relationship Id="rId{one}" Type="{_LINKS}/worksheet"'
        f' Target="worksheets/sheet{one}.xml"/>'
        for one in numbers
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{one}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for one in numbers
    )
    relations = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    return {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"{relations}{links}"
        f'<Relationship Id="rId{sheets + 1}" Type="{_LINKS}/styles" Target="styles.xml"/>'
        "</Relationships>",
        "xl/styles.xml": _STYLES,
        "_rels/.rels": f'{relations}<Relationship Id="rId1" Type="{_LINKS}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>',
    }
