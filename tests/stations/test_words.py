import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from stations.rules import OpenState
from stations.words import checked_words, is_old_check, opening_words

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 9, 28, 17, 10, tzinfo=ZONE)  # a Monday


def at(day: int, hour: int, minute: int = 0, month: int = 9) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


CASES = [
    (OpenState(True), "ok", "Open 24 hours", "开门 24小时"),
    (OpenState(True, until=at(28, 20)), "ok", "Open until 20:00 today", "开门 今天到20:00"),
    (OpenState(True, until=at(29, 0)), "ok", "Open until 24:00 today", "开门 今天到24:00"),
    (OpenState(True, until=at(29, 6)), "ok", "Open until 06:00 tomorrow", "开门 到明天06:00"),
    (OpenState(True, until=at(30, 6)), "ok", "Open until 06:00 on Wednesday", "开门 到星期三06:00"),
    (OpenState(True, until=at(28, 17, 30)), "wait",
     "Closing soon until 17:30, 20 minutes left", "快关门 到17:30，还有20分钟"),
    (OpenState(True, until=at(28, 17, 11)), "wait",
     "Closing soon until 17:11, 1 minute left", "快关门 到17:11，还有1分钟"),
    (OpenState(False, opens_at=at(28, 18)), "rest",
     "Closed opens at 18:00 today", "关门 今天18:00开"),
    (OpenState(False, opens_at=at(29, 8, 30)), "rest",
     "Closed opens at 08:30 tomorrow", "关门 明天08:30开"),
    (OpenState(False, opens_at=at(2, 8, 30, 10)), "rest",
     "Closed opens at 08:30 on Friday", "关门 星期五08:30开"),
    (OpenState(False, opens_at=at(8, 8, 30, 10)), "rest",
     "Closed opens at 08:30 on October 8", "关门 10月8日08:30开"),
    (OpenState(False), "rest", "Closed No opening in the next two weeks", "关门 两周内不开"),
    (OpenState(False, hours_known=False), "unknown",
     "Hours not known Call before you go", "不知道几点开 去之前先打电话"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "kind", "english", "chinese"), CASES)
def test_opening_words_in_both_languages(state, kind, english, chinese):
    words = opening_words(state, NOW)
    assert (words.kind, f"{words.label} {words.text}") == (kind, english)

    with translation.override("zh-hans"):
        words = opening_words(state, NOW)
    assert f"{words.label} {words.text}" == chinese


@pytest.mark.parametrize(
    ("days", "words", "old"),
    [(0, "Checked today", False), (1, "Checked yesterday", False),
     (30, "Checked 30 days ago", False),
     (31, "Checked 31 days ago: call before you go", True)],
)  # fmt: skip
def test_checked_words_tell_to_call_after_a_month(days, words, old):
    today = dt.date(2026, 9, 28)
    day = today - dt.timedelta(days=days)

    assert checked_words(day, today) == words
    assert is_old_check(day, today) is old


def test_checked_words_without_a_check():
    assert checked_words(None, dt.date(2026, 9, 28)) == "Not checked yet: call before you go"
