import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from stations.rules import (
    OpenState,
    Span,
    Timetable,
    WeekSpan,
    join_spans,
    opening,
    overlapping,
    read_clock,
    split_spans,
)

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def times(week: dict[int, list[tuple[int, int]]], **changes) -> Timetable:
    spans = {day: [Span(*one) for one in list_] for day, list_ in week.items()}
    return Timetable(week=spans, **changes)


OFFICE = {day: [(510, 1200)] for day in range(5)}
LUNCH = {0: [(480, 720), (840, 1080)]}
NIGHT = {0: [(1320, 1440)], 1: [(0, 360)]}
# 2026-09-28 is a Monday; 1–7 October are the National Day holidays; Saturday 10 October is worked.
WEEKLY = [
    (OFFICE, "2026-09-28T08:29:59", False, "2026-09-28T08:30"),
    (OFFICE, "2026-09-28T08:30", True, "2026-09-28T20:00"),
    (OFFICE, "2026-09-28T19:59:59", True, "2026-09-28T20:00"),
    (OFFICE, "2026-09-28T20:00", False, "2026-09-29T08:30"),
    (OFFICE, "2026-09-28T23:59", False, "2026-09-29T08:30"),
    (OFFICE, "2026-09-29T00:00", False, "2026-09-29T08:30"),
    (OFFICE, "2026-09-25T20:00", False, "2026-09-28T08:30"),
    (LUNCH, "2026-09-28T12:00", False, "2026-09-28T14:00"),
    (LUNCH, "2026-09-28T13:59", False, "2026-09-28T14:00"),
    (LUNCH, "2026-09-28T14:00", True, "2026-09-28T18:00"),
    (LUNCH, "2026-09-28T18:00", False, "2026-10-05T08:00"),
    (NIGHT, "2026-09-28T21:59", False, "2026-09-28T22:00"),
    (NIGHT, "2026-09-28T23:59", True, "2026-09-29T06:00"),
    (NIGHT, "2026-09-29T00:00", True, "2026-09-29T06:00"),
    (NIGHT, "2026-09-29T05:59", True, "2026-09-29T06:00"),
    (NIGHT, "2026-09-29T06:00", False, "2026-10-05T22:00"),
    ({0: [(0, 1440)]}, "2026-09-28T23:59", True, "2026-09-29T00:00"),
    ({0: [(0, 1440)]}, "2026-09-29T00:00", False, "2026-10-05T00:00"),
]


@pytest.mark.parametrize(("week", "moment", "is_open", "change"), WEEKLY)
def test_opening_follows_the_week(week, moment, is_open, change):
    state = opening(times(week), at(moment))

    assert (state.is_open, state.until or state.opens_at) == (is_open, at(change))


HOLIDAYS = [
    ("SAME", "2026-10-01T09:00", True, "2026-10-01T20:00"),
    ("SAME", "2026-10-10T09:00", False, "2026-10-12T08:30"),
    ("CLOSED", "2026-09-30T20:00", False, "2026-10-08T08:30"),
    ("CLOSED", "2026-10-01T09:00", False, "2026-10-08T08:30"),
    ("CLOSED", "2026-10-10T09:00", True, "2026-10-10T20:00"),
    ("CLOSED", "2026-10-11T09:00", False, "2026-10-12T08:30"),
    ("SUNDAY", "2026-10-01T09:00", False, "2026-10-08T08:30"),
    ("SUNDAY", "2026-10-10T09:00", True, "2026-10-10T20:00"),
]


@pytest.mark.parametrize(("rule", "moment", "is_open", "change"), HOLIDAYS)
def test_opening_on_holidays_and_worked_weekends(rule, moment, is_open, change):
    state = opening(times(OFFICE, holiday_rule=rule), at(moment))

    assert (state.is_open, state.until or state.opens_at) == (is_open, at(change))
    assert state.calendar_known


def test_opening_on_holiday_with_sunday_hours_uses_them():
    week = {**OFFICE, 6: [(600, 900)]}

    state = opening(times(week, holiday_rule="SUNDAY"), at("2026-10-01T09:00"))

    assert state == OpenState(is_open=False, opens_at=at("2026-10-01T10:00"))


def test_opening_in_unknown_year_falls_back_to_the_weekday_and_says_so():
    # 2035-10-01 is a Monday and will be a holiday, but nobody has announced it.
    state = opening(times(OFFICE, holiday_rule="CLOSED"), at("2035-10-01T09:00"))

    assert state == OpenState(is_open=True, until=at("2035-10-01T20:00"), calendar_known=False)


def test_opening_in_unknown_year_is_certain_when_holidays_change_nothing():
    assert opening(times(OFFICE), at("2035-10-01T09:00")).calendar_known
    assert opening(Timetable(is_24h=True), at("2035-10-01T09:00")).calendar_known


def test_opening_around_the_clock_has_no_end():
    assert opening(Timetable(is_24h=True), at("2026-10-01T00:00")) == OpenState(is_open=True)


def test_opening_around_the_clock_ends_before_a_closed_day():
    table = Timetable(is_24h=True, days={dt.date(2026, 10, 3): []})

    assert opening(table, at("2026-10-01T12:00")).until == at("2026-10-03T00:00")
    assert opening(table, at("2026-10-03T12:00")).opens_at == at("2026-10-04T00:00")


def test_opening_on_own_day_beats_week_and_holiday():
    days = {dt.date(2026, 10, 1): [Span(600, 660)], dt.date(2026, 9, 28): []}
    table = times(OFFICE, holiday_rule="CLOSED", days=days)

    assert opening(table, at("2026-10-01T10:30")).until == at("2026-10-01T11:00")
    assert opening(table, at("2026-09-28T10:30")).opens_at == at("2026-09-29T08:30")


def test_opening_without_hours_is_not_known():
    assert opening(Timetable(), at("2026-09-28T10:00")) == OpenState(
        is_open=False, hours_known=False
    )


def test_opening_beyond_two_weeks_is_not_promised():
    days = {dt.date(2026, 9, 28) + dt.timedelta(days=n): [] for n in range(15)}

    state = opening(times(OFFICE, days=days), at("2026-09-28T10:00"))

    assert (state.is_open, state.opens_at) == (False, None)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("08:30", 510), ("8:30", 510), ("24:00", 1440), ("00:00", 0), ("23:59", 1439), ("8：30", 510),
     ("24:01", None), ("25:00", None), ("12:60", None), ("noon", None), ("0830", None), ("", None)],
)  # fmt: skip
def test_read_clock(text, minute):
    assert read_clock(text) == minute


def test_split_spans_cuts_at_midnight_and_joins_again():
    typed = [WeekSpan(6, 1320, 360), WeekSpan(2, 600, 0)]

    cut = split_spans(typed)

    assert cut == [WeekSpan(0, 0, 360), WeekSpan(2, 600, 1440), WeekSpan(6, 1320, 1440)]
    joined = join_spans(cut)
    assert joined[6] == [Span(1320, 360)]
    assert joined[2] == [Span(600, 1440)]
    assert joined[0] == []


def test_join_spans_leaves_full_days_apart():
    cut = [WeekSpan(day, 0, 1440) for day in range(7)]

    assert join_spans(cut) == {day: [Span(0, 1440)] for day in range(7)}


@pytest.mark.parametrize(
    ("spans", "day"),
    [([(0, 480, 720), (0, 719, 800)], 0), ([(0, 480, 720), (0, 720, 800)], None),
     ([(0, 480, 720), (1, 480, 720)], None), ([], None)],
)  # fmt: skip
def test_overlapping_names_the_day(spans, day):
    assert overlapping([WeekSpan(*one) for one in spans]) == day
