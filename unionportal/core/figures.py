"""Figures and reports: every number has a definition, a numerator, a base and a date.

Each app registers its own; page, API and export share the query behind them
(architecture.md decision 9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from unionportal.core.rates import share
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


@dataclass(frozen=True, slots=True)
class FigureValue:
    """A number with its base and date. `denominator` None = a plain count."""

    numerator: int
    as_of: date | datetime
    denominator: int | None = None
    # How many things lack the data the base needs; listed, never guessed.
    missing: int = 0

    def percent(self, places: int = 1) -> Decimal | None:
        """Return numerator ÷ denominator in percent, half-up; None without a base."""
        if self.denominator is None:
            return None
        return share(self.numerator, self.denominator, places)


@dataclass(frozen=True)
class Figure:
    """A registered figure; `compute(user, as_of)` starts from `visible_to(user)`."""

    id: str
    title: str | Promise
    definition: str | Promise
    permission: Permission
    compute: Callable[[AnyUser, date], FigureValue]
    unit: str | Promise = ""
    version: str = "1"
    order: int = 100


@dataclass(frozen=True)
class Column:
    """A report column: key in the row, heading, and whether it is a number."""

    key: str
    title: str | Promise
    is_number: bool = False


@dataclass(frozen=True)
class Report:
    """A registered report: one query behind page, API and xlsx."""

    id: str
    title: str | Promise
    permission: Permission
    columns: Sequence[Column]
    rows: Callable[..., Iterator[dict[str, Any]]]
    definition: str | Promise = ""
    params: Sequence[str] = field(default_factory=tuple)


_figures: dict[str, Figure] = {}
_reports: dict[str, Report] = {}


def register(figure: Figure) -> Figure:
    """Add a figure to the registry."""
    _figures[figure.id] = figure
    return figure


def register_report(report: Report) -> Report:
    """Add a report to the registry."""
    _reports[report.id] = report
    return report


def figure(figure_id: str) -> Figure:
    return _figures[figure_id]


def figures() -> list[Figure]:
    return sorted(_figures.values(), key=lambda item: (item.order, item.id))


def report(report_id: str) -> Report:
    return _reports[report_id]


def reports() -> list[Report]:
    return sorted(_reports.values(), key=lambda item: item.id)
