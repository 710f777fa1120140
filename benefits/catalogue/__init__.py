"""Programmes to start from: data of this package, read once; a district changes every word of it.

The days are of a year: a window that is over this year begins next year.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from unionportal.core.money import parse_yuan

FILE = Path(__file__).parent / "templates.json"
SEASONS: dict[str, str | Promise] = {
    "spring": _("Spring"), "summer": _("Summer"), "autumn": _("Autumn"), "winter": _("Winter"),
    "all": _("All year"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goods:
    """The goods a template gives; `points` is their price in the points shop."""

    code: str
    name_zh: str
    name_en: str
    value: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """One programme to start from. Amounts in yuan as text, days as MM-DD."""

    code: str
    season: str
    name_zh: str
    name_en: str
    about_zh: str
    about_en: str
    benefit: str
    amount: str
    first: str
    last: str
    timing: str
    needs_card: bool
    needs_dues: bool
    groups: tuple[str, ...]
    notice_days: int
    beneficiary: str = "person"
    standings: tuple[str, ...] = ("active",)
    points: int | None = None
    item: Goods | None = None
    quantity: int | None = None

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    @property
    def about(self) -> str:
        """What it is for, in the reader's language."""
        return self.about_en if (get_language() or "").startswith("en") else self.about_zh

    @property
    def season_label(self) -> str:
        return str(SEASONS[self.season])

    @property
    def amount_fen(self) -> int:
        return parse_yuan(self.amount)

    def window(self, today: date) -> tuple[date, date]:
        """Return the first and last day, of this year or, when that is over, of the next."""
        (first_month, first_day), (last_month, last_day) = (
            map(int, text.split("-")) for text in (self.first, self.last)
        )
        year = today.year + (date(today.year, last_month, last_day) < today)
        return date(year, first_month, first_day), date(year, last_month, last_day)


@cache
def templates() -> tuple[Template, ...]:
    """Return the programmes to start from, in the file's order."""
    rows = json.loads(FILE.read_text("utf-8"))
    return tuple(_template(row) for row in rows)


def _template(row: dict[str, Any]) -> Template:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    item = values.pop("item", None)
    return Template(**values, item=Goods(**item) if item else None)


def find(code: str) -> Template | None:
    """Return a template by its code."""
    return next((one for one in templates() if one.code == code), None)
