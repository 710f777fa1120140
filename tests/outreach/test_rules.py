import datetime as dt

import pytest

from outreach import rules


def test_new_code_has_eight_letters_nobody_mixes_up():
    codes = {rules.new_code() for _n in range(500)}
    assert len(codes) == 500
    assert {rules.read_code(code) for code in codes} == codes
    assert set("".join(codes)) & set("01OIL5S8BUV") == set()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("K7QM24RT", "K7QM24RT"),
        ("k7qm 24rt", "K7QM24RT"),
        (" K7QM-24RT ", "K7QM24RT"),
        ("K7QM–24RT", "K7QM24RT"),
        ("K7QM24R", ""),
        ("K7QM24RT4", ""),
        ("K7QM24R0", ""),
        ("K7QM24RО", ""),
        ("", ""),
        ("../../etc", ""),
    ],
)
def test_read_code_forgives_writing_but_not_letters(typed, code):
    assert rules.read_code(typed) == code


def test_spaced_prints_two_halves():
    assert rules.spaced("K7QM24RT") == "K7QM 24RT"


def test_ancestors_are_the_paths_above():
    assert rules.ancestors_of(["000100020003", "0009"]) == {"0001", "00010002"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("000100020003", "00010002"),
        ("00010002", "00010002"),
        ("00010009", "0001"),
        ("0002", None),
    ],
)
def test_covering_takes_the_deepest(path, found):
    assert rules.covering(path, ["0001", "00010002"]) == found


@pytest.mark.parametrize(
    ("today", "gone"),
    [
        ("2026-09-22", 0),
        ("2026-09-23", 1),
        ("2026-11-22", 61),
        ("2026-12-21", 90),
        ("2027-03-01", 90),
    ],
)
def test_days_gone_counts_today_and_stops_at_the_end(today, gone):
    period = (dt.date(2026, 9, 23), dt.date(2026, 12, 22))
    assert rules.days_gone(*period, dt.date.fromisoformat(today)) == (gone, 90)


@pytest.mark.parametrize(
    ("actual", "target", "pace"),
    [
        (30, 100, "behind-2"),
        (31, 100, "behind-1"),
        (42, 100, "behind-1"),
        (43, 100, ""),
        (50, 100, ""),
        (57, 100, ""),
        (58, 100, "ahead-1"),
        (69, 100, "ahead-1"),
        (70, 100, "ahead-2"),
        (5, 0, ""),
    ],
)
def test_pace_compares_points_with_half_of_the_time_gone(actual, target, pace):
    assert rules.pace(actual, target, 50, 100) == pace


@pytest.mark.parametrize(
    ("actual", "target", "days_left", "needed"),
    [(7657, 11470, 29, 921), (0, 10, 7, 10), (0, 10, 2, 10), (12, 10, 7, 0), (0, 10, 0, None)],
)
def test_needed_a_week_rounds_up_and_never_asks_for_more_than_is_missing(
    actual, target, days_left, needed
):
    assert rules.needed_a_week(actual, target, days_left) == needed
