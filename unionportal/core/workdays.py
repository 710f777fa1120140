"""Working days of the state calendar, with an honest answer for years not yet announced."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import chinese_calendar
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

SATURDAY = 5
ANNOUNCED_YEARS = frozenset(day.year for day in chinese_calendar.holidays)


class DayKind(TextChoices):
    """What a day is for people who work office hours."""

    WORKDAY = "WORKDAY", _("working day")
    HOLIDAY = "HOLIDAY", _("public holiday")
    WEEKEND = "WEEKEND", _("weekend")


class Day(NamedTuple):
    """The kind of a day; `known` is False when that year's holidays are not announced yet."""

    kind: DayKind
    known: bool


def day_kind(day: dt.date) -> Day:
    """Return the kind of `day`; a year without an announcement falls back to the weekday."""
    if isinstance(day, dt.datetime):
        day = day.date()
    if day.year not in ANNOUNCED_YEARS:
        return Day(DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY, known=False)
    if chinese_calendar.is_workday(day):
        return Day(DayKind.WORKDAY, known=True)
    is_public = day in chinese_calendar.holidays
    return Day(DayKind.HOLIDAY if is_public else DayKind.WEEKEND, known=True)
