"""The coverage workbook."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from members.queries import DEFINITION_VERSION
from unionportal.core.spreadsheets.writing import Column, Sheet, write_workbook
from unionportal.reports import queries

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def write(path: Path, user: AnyUser, filters: queries.Filters, day: dt.date) -> int:
    """Write the sheets “Members” and “Rates” to `path`; return the number of rows."""
    notes = [
        _("As of %(day)s, definitions version %(version)s.")
        % {"day": day.isoformat(), "version": DEFINITION_VERSION},
        _("A rate is shown with its parts; add the parts up, never the percentages."),
    ]
    sheets = [_members(user, filters), _rates(user, day)]
    return write_workbook(path, sheets, notes=notes, version=f"coverage-{DEFINITION_VERSION}")


def _members(user: AnyUser, filters: queries.Filters) -> Sheet:
    columns = [
        Column(_("Area"), 24), Column(_("Group"), 20), Column(_("Month"), 10),
        *(Column(title, 12, "number") for title in (
            _("Members"), _("Joined"), _("Drive target"), _("Enrolled by drives"))),
    ]  # fmt: skip
    rows = (
        (
            row.area.name if row.area else _("Outside the district"),
            row.group.name if row.group else "",
            f"{row.month:%Y-%m}",
            row.members,
            row.joined,
            row.target,
            row.enrolled,
        )
        for row in queries.coverage(user, filters, "cell")
    )
    return Sheet(_("Members"), columns, rows)


def _rates(user: AnyUser, day: dt.date) -> Sheet:
    numbers = (
        _("Employers with a union"), _("Employers of 25 and more"), _("Headcount missing"),
        _("Members in unionised firms"), _("Employees of unionised firms"),
        _("Unionised, headcount missing"),
    )  # fmt: skip
    columns = [Column(_("Area"), 24), *(Column(title, 16, "number") for title in numbers)]
    rows = (
        (
            row.area.name if row.area else _("Outside the district"),
            row.covered,
            row.employers,
            row.employers_missing,
            row.members,
            row.employees,
            row.employees_missing,
        )
        for row in queries.rates(user, day)
    )
    return Sheet(_("Rates"), columns, rows)
