"""What stands over every list: saved filters, the columns chosen, the list as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from members.lists.page import tokens
from members.views.shared import staff
from unionportal.core import saved
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import PortalTable

FIXED = ("pick",)


def shown_in(request: HttpRequest, list_name: str, table: type[PortalTable]) -> list[str]:
    """Return the columns of `table` to show: of the address, else remembered, else all."""
    ordered = dict.fromkeys([*(table._meta.sequence or ()), *table.base_columns])
    known = [name for name in ordered if name in table.base_columns and name not in FIXED]
    asked = request.GET.get("columns", "")
    chosen = saved.columns_of(staff(request), list_name, asked, known) or known
    # The first column leads to the row's page, so it always stands.
    return [known[0], *(name for name in chosen if name != known[0])]


def table_of(
    request: HttpRequest, list_name: str, table: type[PortalTable], rows: list[Any], **options: Any
) -> PortalTable:
    """Return the table with the columns chosen, in the order chosen."""
    shown = shown_in(request, list_name, table)
    fixed = [name for name in FIXED if name in table.base_columns]
    hidden = set(table.base_columns) - set(shown) - set(fixed)
    return table(rows, request=request, exclude=tuple(hidden), sequence=(*fixed, *shown), **options)


def list_tools(
    request: HttpRequest, list_name: str, table: type[PortalTable], form: forms.Form
) -> dict[str, Any]:
    """Return what `members/_list_tools.html` needs beside `page`."""
    user, shown = staff(request), shown_in(request, list_name, table)
    titles = {name: column.verbose_name for name, column in table.base_columns.items()}
    here = request.GET.urlencode(safe=",")
    return {
        "list_name": list_name,
        "tabs": saved.tabs(user, list_name, request.path, here),
        "chooser": [
            {"name": name, "title": title, "on": name in shown}
            for name, title in titles.items()
            if name not in FIXED and name != shown[0]
        ],
        "shares": saved.Share.choices,
        "may_export": has_permission(user, Permission.EXPORT),
        "export_query": f"?{filter_query(form)}",
        "tokens": tokens(form, request.GET),
    }


def filter_query(form: forms.Form) -> str:
    """Return what a valid form narrows a list to, as the list's filter set reads it."""
    if not form.is_valid():
        return ""
    found = {}
    for name, value in form.cleaned_data.items():
        if value not in (None, "") and name != "after":
            found[name] = _written(value)
    return urlencode(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "pk", value))
