"""What every list page shows: tokens of the filters in force, a count that stops, its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from unionportal.core.paging import Keyset
from unionportal.core.templatetags.portal import number

COUNTED = 10_000
# Parameters that lead through a list without narrowing it.
PAGING = ("after", "before", "size", "order", "columns")


@dataclass(frozen=True)
class Order:
    """An order a list offers: its name in the address, its words, its columns."""

    name: str
    label: Any
    keyset: Keyset


def capped_count(rows: QuerySet[Any]) -> int:
    """Return how many rows there are, at most one more than are counted."""
    return rows.order_by()[: COUNTED + 1].count()


def count_words(count: int) -> str:
    """Say a capped count: "1,763 people" or "more than 10,000"."""
    if count > COUNTED:
        return _("%(count)s+ people") % {"count": number(COUNTED)}
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": number(count)}


def tokens(form: Any, query: QueryDict) -> list[dict[str, str]]:
    """Name the filters in force, each with the address of the list without it."""
    found = []
    for name, field in form.fields.items():
        value = form.cleaned_data.get(name) if form.is_valid() else None
        if value in (None, "", []) or name not in query:
            continue
        choices = {str(code): label for code, label in getattr(field, "choices", ())}
        shown = value if hasattr(value, "pk") else choices.get(str(value), value)
        if isinstance(value, list):
            shown = _("%(count)d picked") % {"count": len(value)}
        found.append({"label": f"{field.label}: {shown}", "url": without(query, name)})
    return found


def without(query: QueryDict, *names: str, **changes: str) -> str:
    """Return a query string from its first page, without some parameters and with others."""
    kept = query.copy()
    for name in (*names, "after", "before"):
        kept.pop(name, None)
    for name, value in changes.items():
        kept[name] = value
    return f"?{kept.urlencode()}"
