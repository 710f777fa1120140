"""Rates, coordinates, workdays, dates and pinyin."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core import geo
from unionportal.core.dates import DateError, parse_date
from unionportal.core.geo import Box, Datum, GeoError, Point
from unionportal.core.pinyin import bigrams, initials, pinyin_key
from unionportal.core.rates import share
from unionportal.core.workdays import DayKind, day_kind

DISTRICT = Box(west=113.60, south=34.60, east=113.90, north=34.80)
HOME = Point(113.7253, 34.7204)


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "expected"),
    [
        (613, 682, 1, "89.9"),
        (613, 682, 0, "90"),
        (1, 8, 2, "12.50"),
        (1, 8, 1, "12.5"),
        (1, 200, 0, "1"),
        (1, 3, 1, "33.3"),
        (2, 3, 1, "66.7"),
        (0, 5, 1, "0.0"),
        (5, 5, 1, "100.0"),
        (7, 5, 1, "140.0"),
        (1, 2000, 1, "0.1"),
        (1, 2001, 1, "0.0"),
        (10**30, 3 * 10**30, 1, "33.3"),
    ],
)
def test_share_rounds_half_up(numerator: int, denominator: int, places: int, expected: str) -> None:
    assert str(share(numerator, denominator, places)) == expected


def test_share_of_nothing_is_unknown() -> None:
    assert share(0, 0) is None
    assert share(5, 0) is None


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 5), (1, -5)])
def test_share_of_negative_counts_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="a share needs counts"):
        share(numerator, denominator)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_share_is_within_half_a_step(numerator: int, denominator: int) -> None:
    value = share(numerator, denominator)
    assert value is not None
    assert abs(value - Decimal(numerator) * 100 / denominator) <= Decimal("0.05") + Decimal("1e-15")


@pytest.mark.parametrize(
    ("datum", "lon", "lat"),
    [
        (Datum.WGS84, 113.7253, 34.7204),
        (Datum.GCJ02, 113.731482, 34.719352),
        (Datum.BD09, 113.737990, 34.725383),
    ],
)
def test_geo_vector_of_the_domain_paper(datum: Datum, lon: float, lat: float) -> None:
    moved = geo.from_wgs84(*HOME, datum)
    assert (round(moved.lon, 6), round(moved.lat, 6)) == (lon, lat)
    assert geo.distance_m(geo.to_wgs84(lon, lat, datum), HOME) < 0.1


def test_geo_shifts_are_as_large_as_known() -> None:
    assert round(geo.distance_m(HOME, geo.from_wgs84(*HOME, "GCJ02")), -1) == 580
    gcj = geo.from_wgs84(*HOME, "GCJ02")
    assert round(geo.distance_m(HOME, geo.from_wgs84(*HOME, "BD09")), -2) > geo.distance_m(
        HOME, gcj
    )


@given(st.floats(75, 134), st.floats(5, 53), st.sampled_from(Datum.values))
def test_geo_round_trip_is_under_a_tenth_of_a_metre(lon: float, lat: float, datum: str) -> None:
    back = geo.to_wgs84(*geo.from_wgs84(lon, lat, datum), datum)
    assert geo.distance_m(Point(lon, lat), back) < 0.1


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (0.0, 0.0, "zero"),
        (34.72, 113.73, "swapped"),
        (float("nan"), 34.0, "not_a_number"),
        (113.0, float("inf"), "not_a_number"),
        (181.0, 34.0, "range"),
        (113.0, -91.0, "range"),
    ],
)
def test_geo_impossible_place_is_refused(lon: float, lat: float, code: str) -> None:
    with pytest.raises(GeoError) as caught:
        geo.refuse_impossible(lon, lat)
    assert caught.value.code == code


def test_geo_place_outside_the_district_is_a_distance() -> None:
    geo.refuse_impossible(*HOME)
    assert geo.outside_by_m(HOME, DISTRICT) == 0
    assert 9_000 < geo.outside_by_m(Point(114.0, 34.7), DISTRICT) < 9_300
    assert geo.outside_by_m(Point(113.60, 34.60), DISTRICT) == 0


def test_geo_unknown_datum_is_refused() -> None:
    with pytest.raises(ValueError, match="WGS72"):
        geo.to_wgs84(113.0, 34.0, "WGS72")


@pytest.mark.parametrize(
    ("day", "kind", "known"),
    [
        (dt.date(2025, 10, 1), DayKind.HOLIDAY, True),
        (dt.date(2025, 9, 28), DayKind.WORKDAY, True),
        (dt.date(2025, 10, 8), DayKind.HOLIDAY, True),
        (dt.date(2025, 9, 29), DayKind.WORKDAY, True),
        (dt.date(2025, 9, 20), DayKind.WEEKEND, True),
        (dt.date(2099, 10, 1), DayKind.WORKDAY, False),
        (dt.date(2099, 10, 3), DayKind.WEEKEND, False),
        (dt.date(1990, 1, 1), DayKind.WORKDAY, False),
        (dt.datetime(2025, 10, 1, 9, tzinfo=dt.UTC), DayKind.HOLIDAY, True),
    ],
)
def test_day_kind_follows_the_calendar_or_the_weekday(
    day: dt.date, kind: DayKind, known: bool
) -> None:
    assert day_kind(day) == (kind, known)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01",
        "2026-3-1",
        "2026/3/1",
        "2026.3.1",
        "2026年3月1日",
        "2026年03月01",
        "20260301",
        " 2026-03-01 ",
        "２０２６-０３-０１",
        "二〇二六年三月一日",
        "二零二六年三月一日",
        "2026-03-01 00:00:00",
        "2026-03-01T00:00",
        dt.date(2026, 3, 1),
        dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC),
    ],
)
def test_parse_date_reads_year_first(value: object) -> None:
    assert parse_date(value) == dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026/2/30", "impossible"),
        ("2026-13-01", "impossible"),
        ("20260230", "impossible"),
        ("二〇二六年十三月一日", "impossible"),
        ("0000-01-01", "impossible"),
        ("26-3-1", "ambiguous"),
        ("03/04/2026", "ambiguous"),
        ("3.4.26", "ambiguous"),
        ("3月4日", "form"),
        ("9999-12-31", "range"),
        ("0001-01-01", "range"),
        ("1899-12-31", "range"),
        ("2026-03/01", "form"),
        ("昨天", "form"),
        ("2026-03-01T24:00", "form"),
        ("2026-03-01 23:00+14:00", "form"),
        ("45000", "form"),
        (45000, "form"),
        (45000.0, "form"),
        (True, "form"),
        (dt.time(8), "form"),
        ("", "empty"),
        (None, "empty"),
        ("2026-03-01\x00", "control"),
        ("\u202e2026-03-01", "direction_mark"),
    ],
)
def test_parse_date_refuses_what_it_would_have_to_guess(value: object, code: str) -> None:
    with pytest.raises(DateError) as caught:
        parse_date(value)
    assert caught.value.code == code


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31)))
def test_parse_date_round_trips(day: dt.date) -> None:
    for text in (day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}"):
        assert parse_date(text) == day


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("单小芳", "shan xiao fang"),
        ("曾强", "zeng qiang"),
        ("仇英", "qiu ying"),
        ("解明", "xie ming"),
        ("查理", "zha li"),
        ("区大任", "ou da ren"),
        ("任强", "ren qiang"),
        ("朴正", "piao zheng"),
        ("尉迟恭", "yu chi gong"),
        ("盖强", "ge qiang"),
        ("华明", "hua ming"),
        ("燕青", "yan qing"),
        ("乐毅", "yue yi"),
        ("缪强", "miao qiang"),
        ("翟让", "zhai rang"),
        ("万俟强", "mo qi qiang"),
        ("长孙强", "zhang sun qiang"),
        ("欧阳丹", "ou yang dan"),
        ("张三", "zhang san"),
        ("吕布", "lv bu"),
        ("买买提·艾力", "mai mai ti ai li"),
        ("John Smith", "john smith"),
        ("", ""),
        ("王𬭎", "wang hong"),
    ],
)
def test_pinyin_key_reads_surnames_right(name: str, key: str) -> None:
    assert pinyin_key(name) == key
    assert initials(name) == "".join(part[0] for part in key.split())


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("张小三", ["张", "小", "三", "张小", "小三"]),
        ("张", ["张"]),
        ("买·艾", ["买", "艾", "买艾"]),
        ("丹丹", ["丹", "丹丹"]),
        ("", []),
        ("Ab", ["a", "b", "ab"]),
    ],
)
def test_bigrams_are_the_short_pieces(name: str, pieces: list[str]) -> None:
    assert bigrams(name) == pieces
