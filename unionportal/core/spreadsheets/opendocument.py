"""The same look behind the values for .ods, whose repeated cells can span a billion."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from unionportal.core.spreadsheets import packages
from unionportal.core.spreadsheets.scanning import SheetScan, refuse_vast

CONTENT = "content.xml"
VALUE_ATTRIBUTES = ("value-type", "formula")


class _ContentTarget:
    """Measure each table; formulas and hidden rows are kept of the first one only."""

    def __init__(self) -> None:
        self.scan = SheetScan()
        self.tables = -1
        self.row = self.column = 0
        self.row_repeat = 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        plain = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if name == "table":
            self.tables += 1
            self.row = 0
        elif name == "table-row":
            self._start_row(plain)
        elif name in {"table-cell", "covered-table-cell"}:
            self._cell(plain)

    def end(self, tag: str) -> None:
        if tag.rpartition("}")[2] == "table-row":
            self.row += self.row_repeat

    def close(self) -> None:
        """Nothing to hand back: the scan was filled on the way."""

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.column = 0
        self.row_repeat = int(attributes.get("number-rows-repeated", "1"))
        if self.tables == 0 and attributes.get("visibility", "visible") != "visible":
            self.scan.hidden_rows += self.row_repeat

    def _cell(self, attributes: dict[str, str]) -> None:
        repeat = int(attributes.get("number-columns-repeated", "1"))
        if any(name in attributes for name in VALUE_ATTRIBUTES):
            self.scan.reach(self.row + self.row_repeat - 1, self.column + repeat - 1)
            refuse_vast(self.scan.rows, self.scan.columns)
            if self.tables == 0 and "formula" in attributes:
                self.scan.formulas.add((self.row, self.column))
        self.column += repeat


def scan_content(package: packages.Package) -> SheetScan:
    """Return formulas and hidden rows of the first table; raise SpreadsheetError too_sparse."""
    if CONTENT not in package.archive.namelist():
        raise packages.damaged()
    target = _ContentTarget()
    _feed(DefusedXMLParser(target=target, forbid_dtd=True), package.chunks(CONTENT))
    return target.scan


def _feed(parser: DefusedXMLParser, chunks: Iterable[bytes]) -> None:
    try:
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    except DefusedXmlException:
        raise packages.entities() from None
    except ParseError:
        raise packages.damaged() from None
