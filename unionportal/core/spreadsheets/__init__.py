"""Spreadsheets in and out: what people upload is checked before it is trusted."""

from unionportal.core.spreadsheets.apart import read_apart
from unionportal.core.spreadsheets.reading import open_table
from unionportal.core.spreadsheets.table import (
    Cell,
    CellKind,
    Row,
    SpreadsheetError,
    Table,
    TableNote,
)
from unionportal.core.spreadsheets.writing import (
    CellMark,
    Column,
    Sheet,
    write_csv,
    write_workbook,
)

__all__ = [
    "Cell",
    "CellKind",
    "CellMark",
    "Column",
    "Row",
    "Sheet",
    "SpreadsheetError",
    "Table",
    "TableNote",
    "open_table",
    "read_apart",
    "write_csv",
    "write_workbook",
]
