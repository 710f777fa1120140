"""Half-open dated rows: started_on ≤ day < ended_on, no end = still open."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.postgres.fields import DateRangeField
from django.db.models import F, Func, Q, Value
from django.db.models.fields import CharField


def day_range(start: str = "started_on", end: str = "ended_on") -> Func:
    """Return the SQL daterange [start, end) for exclusion constraints."""
    return Func(
        F(start), F(end), Value("[)", output_field=CharField()),
        function="daterange", output_field=DateRangeField(),
    )  # fmt: skip


def day_span(first: str, last: str) -> Func:
    """Return the SQL daterange [first, last], both days included, for exclusion constraints."""
    return Func(
        F(first), F(last), Value("[]", output_field=CharField()),
        function="daterange", output_field=DateRangeField(),
    )  # fmt: skip


def open_on(day: date, prefix: str = "") -> Q:
    """Match rows in force on `day`."""
    bounds: dict[str, Any] = {f"{prefix}started_on__lte": day}
    return Q(**bounds) & (
        Q(**{f"{prefix}ended_on__isnull": True}) | Q(**{f"{prefix}ended_on__gt": day})
    )
