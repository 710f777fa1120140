"""Coverage explorer and the definitions of the figures."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from unionportal.core import files
from unionportal.core.figures import figures
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk
from unionportal.reports import export, queries
from unionportal.reports.forms import MONTHS_SHOWN, CoverageForm


@desk(Permission.VIEW_REPORTS)
def coverage(request: HttpRequest) -> HttpResponse:
    """Show members by area and group against target, and both rates by area."""
    form = CoverageForm(request.GET or None, user=request.user)
    if form.is_bound and not form.is_valid():
        return render(request, "reports/coverage.html", {"form": form}, status=400)
    filters = _filters(form, request)
    today = timezone.localdate()
    rates = queries.rates(request.user, today)
    by_group, by_area, by_month = queries.coverage_ways(
        request.user, filters, "group", "area", "month"
    )
    last = [row for row in by_group if row.month == filters.period.last]
    context = {
        "form": form,
        "filters": filters,
        "months": filters.period.months,
        "is_unfinished": filters.period.last == queries.this_month(),
        "by_group": last,
        "by_area": [row for row in by_area if row.month == filters.period.last],
        "by_month": by_month,
        "members": sum(row.members for row in last),
        "rates": rates,
        "rate_total": queries.total(rates),
        "as_of": timezone.localtime(),
    }
    return render(request, "reports/coverage.html", context)


@desk(Permission.VIEW_REPORTS)
def coverage_xlsx(request: HttpRequest) -> HttpResponse:
    """Give the coverage page as a workbook: the same query, no personal data."""
    form = CoverageForm(request.GET or None, user=request.user)
    if form.is_bound and not form.is_valid():
        raise BadRequest(" ".join(str(error) for error in form.errors.values()))
    filters = _filters(form, request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.xlsx"
        export.write(path, request.user, filters, timezone.localdate())
        content = path.read_bytes()
    name = f"coverage-{filters.period.last:%Y-%m}.xlsx"
    return attachment_response(content, files.XLSX, name)


def _filters(form: CoverageForm, request: HttpRequest) -> queries.Filters:
    if form.is_bound:
        return form.filters()
    return queries.Filters(queries.Period.ending(queries.this_month(), MONTHS_SHOWN))


@desk(Permission.VIEW_REPORTS)
def figure_list(request: HttpRequest) -> HttpResponse:
    """Show every registered figure with value, base, date and definition."""
    today = timezone.localdate()
    rows = [
        (figure, figure.compute(request.user, today))
        for figure in figures()
        if has_permission(request.user, figure.permission)
    ]
    context = {"rows": rows, "title": _("Definitions")}
    return render(request, "reports/figure_list.html", context)
