"""One pass over a sheet's XML for what the value reader cannot see.

calamine gives values only: formulas, error cells and hidden rows are found here, and a sheet whose
corner cells lie too far apart is refused, because calamine keeps the whole rectangle in memory.
Most sheets hold none of these, so a search over the raw bytes comes first and the parser only when
that search found something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets import packages
from unionportal.core.spreadsheets.table import SpreadsheetError, column_index

MAX_RECTANGLE = 6_000_000  # cells; measured at 50 bytes each
MAX_TAG = 1024 * 1024
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*\bhidden\s*=\s*[\"'](?:1|true)[\"']")
# Nearly every program writes cells as <c r="A1" …>; only other spellings get the slow patterns.
USUAL_CELL = b'<c r="'
USUAL_FAR_CELL = re.compile(rb'<c r="(?:[A-Za-z]{2,3}[0-9]|[A-Za-z](?:[2-9][0-9]{5}|[0-9]{7}))')
# Without a far cell the rectangle is at most 199,999 rows by 26 columns.
FAR_CELL = re.compile(rb"\sr\s*=\s*[\"'](?:[A-Za-z]{2,3}[0-9]+|[A-Za-z][0-9]{6,})[\"']")
CELL_WITHOUT_ADDRESS = re.compile(
    rb"<(?:\w+:)?c(?:\s+(?!r\s*=)[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>"
)
ADDRESS = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
CELL_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass
class SheetScan:
    """Rows and columns count from 0, as in the value reader."""

    hidden_rows: int = 0
    rows: int = 0
    columns: int = 0
    formulas: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)

    def reach(self, row: int, column: int) -> None:
        """Stretch the rectangle to a cell."""
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)


def scan_sheet(package: packages.Package, part: str) -> SheetScan:
    """Return what the value reader cannot see; raise SpreadsheetError too_sparse."""
    scan = SheetScan()
    is_far = is_special = False
    for piece in whole_tags(package.chunks(part)):
        if b"hidden" in piece:
            scan.hidden_rows += len(HIDDEN_ROW.findall(piece))
        is_usual = piece.count(b"<c") == piece.count(USUAL_CELL) and b":c" not in piece
        far_cell = USUAL_FAR_CELL if is_usual else FAR_CELL
        is_far = is_far or far_cell.search(piece) is not None
        is_special = is_special or _has_special_cell(piece, is_usual=is_usual)
    if is_special:
        parse(package.chunks(part), _CellTarget(scan))
    elif is_far:
        _measure(package.chunks(part), scan)
    refuse_vast(scan.rows, scan.columns)
    return scan


def _has_special_cell(piece: bytes, *, is_usual: bool) -> bool:
    """Whether a formula, an error, or a cell without an address is in the piece."""
    if b't="e"' in piece or b"t='e'" in piece:
        return True
    if (b"<f" in piece or b":f" in piece) and FORMULA.search(piece):
        return True
    return not is_usual and CELL_WITHOUT_ADDRESS.search(piece) is not None


def refuse_vast(rows: int, columns: int) -> None:
    """Raise SpreadsheetError when the value reader would need too much memory."""
    if rows * columns > MAX_RECTANGLE:
        raise SpreadsheetError(
            "too_sparse",
            _(
                "A cell far from the others makes the sheet %(rows)d rows by %(columns)d columns. "
                "Copy the filled rows into a new file."
            ),
            rows=rows,
            columns=columns,
        )


def whole_tags(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes cut just before a tag, so that a search never misses one."""
    rest = b""
    for chunk in chunks:
        joined = rest + chunk
        cut = joined.rfind(b"<")
        if cut < 0 or len(joined) - cut > MAX_TAG:
            raise packages.damaged()
        rest = joined[cut:]
        yield joined[:cut]
    yield rest


class _CellTarget:
    """Parser target that remembers addresses of formula and error cells, and nothing else."""

    def __init__(self, scan: SheetScan) -> None:
        self.scan = scan
        self.row = self.column = -1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "row":
            self.row = int(attributes.get("r", self.row + 2)) - 1
            self.column = -1
        elif name == "c":
            self._move(attributes.get("r", "").upper())
            if attributes.get("t") == "e":
                self.scan.errors.add((self.row, self.column))
        elif name == "f":
            self.scan.formulas.add((self.row, self.column))

    def close(self) -> None:
        """Nothing to hand back: the scan was filled on the way."""

    def _move(self, address: str) -> None:
        self.column += 1
        if match := CELL_ADDRESS.fullmatch(address):
            self.column, self.row = column_index(match[1]), int(match[2]) - 1
        self.scan.reach(self.row, self.column)


def _measure(chunks: Iterable[bytes], scan: SheetScan) -> None:
    for piece in whole_tags(chunks):
        addresses = ADDRESS.findall(piece)
        for letters in {letters for letters, _row in addresses}:
            scan.reach(0, column_index(letters.decode().upper()))
        scan.reach(max((int(row) for _letters, row in addresses), default=1) - 1, 0)


def parse(chunks: Iterable[bytes], target: object) -> None:
    """Feed XML to a parser target; raise SpreadsheetError for a DTD or broken XML."""
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    except DefusedXmlException:
        raise packages.entities() from None
    except SpreadsheetError:
        raise
    except (ParseError, ValueError):
        raise packages.damaged() from None
