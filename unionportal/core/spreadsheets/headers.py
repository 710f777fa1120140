"""Find the header row and match its titles to the fields a caller knows."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from unionportal.core.spreadsheets.table import CellValue, SpreadsheetError, column_letters

Aliases = Mapping[str, Sequence[str]]

SEARCHED_ROWS = 10
HINT = re.compile(r"[(（\[【].*?[)）\]】]")
NOISE = re.compile(r"[\s*:：_\-/、·]+")


@dataclass(frozen=True)
class Header:
    """Where the header is: its index among the rows looked at, its titles, its known columns."""

    index: int
    titles: list[str]
    columns: dict[str, int]
    unknown: list[str]


def find_header(
    head: Sequence[Sequence[CellValue]], *, required: Aliases, optional: Aliases
) -> Header:
    """Return the row of `head` that names most known columns.

    Raise SpreadsheetError: no_header, missing_columns (names them), duplicate_header.
    """
    lookup = _lookup(required, optional)
    matches = [_matches(row, lookup) for row in head[:SEARCHED_ROWS]]
    best = max(range(len(matches)), key=lambda index: len(set(matches[index].values())), default=-1)
    if best < 0 or not matches[best]:
        raise SpreadsheetError(
            "no_header",
            _("No header was found in the first 10 rows. These columns are needed: %(columns)s."),
            columns=_names(required, list(required)),
        )
    titles = [_title(cell) for cell in head[best]]
    _refuse_duplicates(titles, matches[best])
    columns = {name: index for index, name in matches[best].items()}
    if missing := [name for name in required if name not in columns]:
        raise SpreadsheetError(
            "missing_columns",
            _("These columns are missing: %(columns)s. Add them, or use the template."),
            where=f"row {best + 1}",
            columns=_names(required, missing),
            titles=titles,
        )
    unknown = [title for i, title in enumerate(titles) if title and i not in matches[best]]
    return Header(best, titles, columns, unknown)


def _lookup(required: Aliases, optional: Aliases) -> dict[str, str]:
    return {
        title_key(alias): name
        for known in (optional, required)
        for name, aliases in known.items()
        for alias in (name, *aliases)
    }


def _matches(row: Sequence[CellValue], lookup: dict[str, str]) -> dict[int, str]:
    found = {}
    for index, cell in enumerate(row):
        if isinstance(cell, str) and cell:
            name = lookup.get(title_key(cell)) or lookup.get(title_key(HINT.sub("", cell)))
            if name:
                found[index] = name
    return found


def _refuse_duplicates(titles: list[str], matches: dict[int, str]) -> None:
    keys = [matches.get(i, title_key(title)) for i, title in enumerate(titles)]
    twice = {key for key, count in Counter(keys).items() if key and count > 1}
    if twice:
        places = [i for i, key in enumerate(keys) if key in twice]
        raise SpreadsheetError(
            "duplicate_header",
            _("The column %(title)s is there twice (columns %(columns)s). Keep one of them."),
            where=column_letters(places[-1]),
            title=titles[places[0]],
            columns=", ".join(column_letters(i) for i in places),
        )


def _title(cell: CellValue) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _names(aliases: Aliases, names: Sequence[str]) -> str:
    return "、".join(aliases[name][0] if aliases[name] else name for name in names)


def title_key(title: str) -> str:
    """Return a title without case, width, spaces and marks, for comparing."""
    return NOISE.sub("", unicodedata.normalize("NFKC", title)).casefold()
