"""Pure rules of service points: when one is open, and which typed hours make sense."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stations.models import DAY_MINUTES
from stations.states import HolidayRule
from unionportal.core.workdays import SATURDAY, DayKind, day_kind

MONDAY, SUNDAY = 0, 6
# The longest public holidays last eight or nine days; beyond two weeks nobody plans a rest.
LOOK_AHEAD = 14
CLOCK = re.compile(r"([01]?[0-9]|2[0-4])[:：]([0-5][0-9])")


class Span(NamedTuple):
    """Open minutes of one day, [opens, closes), 0 to 1440."""

    opens: int
    closes: int


class WeekSpan(NamedTuple):
    """Open minutes of a weekday, 0 = Monday."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True)
class Timetable:
    """What decides when a point is open: 24 h or weekly spans, single days, the holiday rule."""

    is_24h: bool = False
    week: Mapping[int, Sequence[Span]] | None = None
    # A day here replaces the week; no spans = closed.
    days: Mapping[dt.date, Sequence[Span]] | None = None
    holiday_rule: str = HolidayRule.SAME

    @property
    def has_hours(self) -> bool:
        return self.is_24h or any((self.week or {}).values())


@dataclass(frozen=True, slots=True)
class OpenState:
    """Open or not at a moment; aware times. `until` None while open = no end in two weeks.

    `calendar_known` is False when the answer leans on a year whose holidays are not announced;
    `hours_known` is False when no hours were recorded.
    """

    is_open: bool
    until: dt.datetime | None = None
    opens_at: dt.datetime | None = None
    calendar_known: bool = True
    hours_known: bool = True


def opening(table: Timetable, at: dt.datetime) -> OpenState:
    """Return whether the point is open `at` (an aware time in the portal's zone), until when or
    from when next."""
    if not table.has_hours and not table.days:
        return OpenState(is_open=False, hours_known=False)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight.date() + dt.timedelta(days=n) for n in range(LOOK_AHEAD + 1)]
    known = calendar_known(table, days[0])
    now = at.hour * 60 + at.minute
    for opens, closes in _joined(table, days):
        if closes <= now:
            continue
        if opens > now:
            return OpenState(
                is_open=False, opens_at=midnight + dt.timedelta(minutes=opens),
                calendar_known=known,
            )  # fmt: skip
        endless = closes >= LOOK_AHEAD * DAY_MINUTES
        until = None if endless else midnight + dt.timedelta(minutes=closes)
        return OpenState(is_open=True, until=until, calendar_known=known)
    return OpenState(is_open=False, calendar_known=known)


def spans_on(table: Timetable, day: dt.date) -> Sequence[Span]:
    """Return the open spans of a date: the day's own, else the week's by the holiday rule."""
    if table.days and day in table.days:
        return table.days[day]
    if table.is_24h:
        return [Span(0, DAY_MINUTES)]
    weekday = _weekday_like(table.holiday_rule, day)
    return [] if weekday is None else (table.week or {}).get(weekday, [])


def calendar_known(table: Timetable, day: dt.date) -> bool:
    """Whether the hours of `day` do not depend on holidays still to be announced."""
    if table.is_24h or table.holiday_rule == HolidayRule.SAME or day in (table.days or {}):
        return True
    return day_kind(day).known


def _weekday_like(rule: str, day: dt.date) -> int | None:
    """Return the weekday whose hours hold on `day`; None = closed for the holiday."""
    if rule == HolidayRule.SAME:
        return day.weekday()
    kind, known = day_kind(day)
    if not known:
        return day.weekday()
    if kind == DayKind.HOLIDAY:
        return SUNDAY if rule == HolidayRule.SUNDAY else None
    if kind == DayKind.WORKDAY and day.weekday() >= SATURDAY:
        return MONDAY
    return day.weekday()


def _joined(table: Timetable, days: Sequence[dt.date]) -> list[Span]:
    """Return the spans of consecutive days as minutes after the first midnight, joined."""
    found: list[Span] = []
    for n, day in enumerate(days):
        for opens, closes in spans_on(table, day):
            span = Span(opens + n * DAY_MINUTES, closes + n * DAY_MINUTES)
            if found and found[-1].closes == span.opens:
                found[-1] = Span(found[-1].opens, span.closes)
            else:
                found.append(span)
    return found


def read_clock(text: str) -> int | None:
    """Return minutes after midnight of 8:30 or 24:00; None when it is not a clock time."""
    match = CLOCK.fullmatch(text.strip())
    if not match:
        return None
    minute = int(match[1]) * 60 + int(match[2])
    return minute if minute <= DAY_MINUTES else None


def split_spans(typed: Iterable[WeekSpan]) -> list[WeekSpan]:
    """Cut spans that end after midnight into two, the second on the next weekday."""
    cut: list[WeekSpan] = []
    for weekday, opens, closes in typed:
        if closes > opens:
            cut.append(WeekSpan(weekday, opens, closes))
            continue
        cut.append(WeekSpan(weekday, opens, DAY_MINUTES))
        if closes:
            cut.append(WeekSpan((weekday + 1) % 7, 0, closes))
    return sorted(cut)


def overlapping(spans: Sequence[WeekSpan]) -> int | None:
    """Return the first weekday on which two of the sorted spans overlap; None when none do."""
    for one, other in zip(spans, spans[1:], strict=False):
        if one.weekday == other.weekday and other.opens < one.closes:
            return one.weekday
    return None


def join_spans(spans: Sequence[WeekSpan]) -> dict[int, list[Span]]:
    """Return each weekday's spans as people write them: 22:00–06:00 on the day it begins."""
    by_day: dict[int, list[Span]] = {day: [] for day in range(7)}
    for weekday, opens, closes in sorted(spans):
        by_day[weekday].append(Span(opens, closes))
    heads = {day: list_[0] for day, list_ in by_day.items() if list_ and list_[0].opens == 0}
    for day, list_ in by_day.items():
        head = heads.get((day + 1) % 7)
        if list_ and head and list_[-1].closes == DAY_MINUTES and head.closes <= list_[-1].opens:
            list_[-1] = Span(list_[-1].opens, head.closes)
            by_day[(day + 1) % 7].remove(head)
    return by_day
