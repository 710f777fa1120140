"""The same look behind the values for .ods, whose repeated cells can span a billion."""

from __future__ import annotations

from unionportal.core.spreadsheets import packages
from unionportal.core.spreadsheets.scanning import SheetScan, parse, refuse_vast

CONTENT = "content.xml"
VALUE_ATTRIBUTES = ("value-type", "formula")


class _ContentTarget:
    """Parser target that measures each table and remembers its formulas and hidden rows."""

    def __init__(self) -> None:
        self.scans: list[SheetScan] = []
        self.row = self.column = 0
        self.row_repeat = 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        plain = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if name == "table":
            self.scans.append(SheetScan())
            self.row = 0
        elif name == "table-row" and self.scans:
            self._start_row(plain)
        elif name in {"table-cell", "covered-table-cell"} and self.scans:
            self._cell(plain)

    def end(self, tag: str) -> None:
        if tag.rpartition("}")[2] == "table-row":
            self.row += self.row_repeat

    def close(self) -> None:
        """Nothing to hand back: the scans were filled on the way."""

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.column = 0
        self.row_repeat = int(attributes.get("number-rows-repeated", "1"))
        if attributes.get("visibility", "visible") != "visible":
            self.scans[-1].hidden_rows += self.row_repeat

    def _cell(self, attributes: dict[str, str]) -> None:
        scan = self.scans[-1]
        repeat = int(attributes.get("number-columns-repeated", "1"))
        if any(name in attributes for name in VALUE_ATTRIBUTES):
            scan.reach(self.row + self.row_repeat - 1, self.column + repeat - 1)
            refuse_vast(scan.rows, scan.columns)
            if "formula" in attributes:
                scan.formulas.add((self.row, self.column))
        self.column += repeat


def scan_content(package: packages.Package) -> list[SheetScan]:
    """Return what the value reader cannot see, per table; raise SpreadsheetError too_sparse."""
    if CONTENT not in package.archive.namelist():
        raise packages.damaged()
    target = _ContentTarget()
    parse(package.chunks(CONTENT), target)
    return target.scans
