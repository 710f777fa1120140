"""Write rows to a file without ever holding them: COPY for CSV, row by row for workbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast
from psycopg import sql

from unionportal.core.copying import copying
from unionportal.core.exports.columns import ExportColumn
from unionportal.core.spreadsheets.streaming import Title, text_workbook
from unionportal.core.spreadsheets.writing import RISKY_STARTS, neutral

CHUNK = 5_000
BOM = b"\xef\xbb\xbf"
Report = Callable[[int], None]


# What begins with one of these is a formula to a spreadsheet program.
_RISKY = "^(?=[{}])".format("".join(RISKY_STARTS).replace("-", "\\-"))


def neutral_text(value: Any) -> Func:
    """Return text that no program takes for a formula: an apostrophe goes before (OWASP)."""
    text = Cast(value, TextField())
    return Func(
        text, Value(_RISKY), Value("'"), function="regexp_replace", output_field=TextField()
    )


def values(
    rows: QuerySet[Any], columns: Sequence[ExportColumn], language: str, *, is_unmasked: bool
) -> QuerySet[Any, Any]:
    """Return `rows` as tuples of the columns' values; full numbers only when `is_unmasked`."""
    made = {
        f"column_{place}": (F(one.full) if is_unmasked and one.full else one.value(language))
        for place, one in enumerate(columns)
    }
    found: QuerySet[Any, Any] = rows.annotate(**made).values_list(*made)
    return found


def copy_csv(
    path: Path, rows: QuerySet[Any], columns: Sequence[ExportColumn], language: str
) -> int:
    """Write a masked CSV by COPY TO: the database makes every byte of it.

    Nothing is reported on the way: the connection is busy with the copy until it ends.
    """
    made = {
        f"column_{place}": neutral_text(one.value(language)) for place, one in enumerate(columns)
    }
    try:
        query, params = rows.annotate(**made).values_list(*made).query.sql_with_params()
    except EmptyResultSet:  # the rights have ended meanwhile: nothing can be in it
        return write_csv(path, [], columns, lambda _done: None)
    statement = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE *)")
    count = 0
    with path.open("wb") as file, copying(statement.format(sql.SQL(query)), params) as stream:
        file.write(BOM + _head(columns))
        for line in stream:
            file.write(line)
            count += 1
    return count


def write_csv(
    path: Path, rows: Iterable[Sequence[Any]], columns: Sequence[ExportColumn], report: Report
) -> int:
    """Write a CSV row by row: for full numbers, which only the portal can read."""
    count = 0
    with path.open("wb") as file:
        file.write(BOM + _head(columns))
        for count, row in enumerate(rows, start=1):
            file.write(_line("" if value is None else neutral(str(value)) for value in row))
            if count % CHUNK == 0:
                report(count)
    return count


def _head(columns: Sequence[ExportColumn]) -> bytes:
    return _line(str(one.title) for one in columns)


def _line(cells: Iterable[str]) -> bytes:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    return f"{quoted}\n".encode()


def write_xlsx(
    path: Path, rows: Iterable[Sequence[Any]], columns: Sequence[ExportColumn], report: Report
) -> int:
    """Write a workbook of text cells; what does not fit on one sheet goes on to the next."""
    count = 0
    with text_workbook(path, [Title(str(one.title), one.width) for one in columns]) as book:
        for count, row in enumerate(rows, start=1):
            book.append(row)
            if count % CHUNK == 0:
                report(count)
    return count
