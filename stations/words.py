"""Opening states, check dates and reasons in plain words (design.md section 7, row 19)."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from stations.rules import OpenState

SOON = dt.timedelta(minutes=30)
WEEK = 7
OLD_CHECK = 30


class Words(NamedTuple):
    """A state component's kind, its word, and the rest of the sentence."""

    kind: str
    label: str
    text: str


def opening_words(state: OpenState, now: dt.datetime) -> Words:
    """Say an opening state for people: open until when, or closed and opening when."""
    if not state.hours_known:
        return Words("unknown", _("Hours not known"), _("Call before you go"))
    if state.is_open:
        return _open_words(state, now)
    label = pgettext("a station is", "Closed")
    if state.opens_at is None:
        return Words("rest", label, _("No opening in the next two weeks"))
    return Words("rest", label, _opens_words(state.opens_at, now))


def _open_words(state: OpenState, now: dt.datetime) -> Words:
    label = pgettext("a station is", "Open")
    if state.until is None:
        return Words("ok", label, _("24 hours"))
    if state.until - now <= SOON:
        minutes = max(1, -(-int((state.until - now).total_seconds()) // 60))
        text = ngettext(
            "until %(time)s, %(n)d minute left", "until %(time)s, %(n)d minutes left", minutes
        )
        return Words(
            "wait", _("Closing soon"), text % {"time": _end_clock(state.until), "n": minutes}
        )
    return Words("ok", label, _until_words(state.until, now))


def _until_words(until: dt.datetime, now: dt.datetime) -> str:
    time = _end_clock(until)
    # Midnight is the end of the evening before.
    days = ((until - dt.timedelta(minutes=1)).date() - now.date()).days
    if days == 0:
        return _("until %(time)s today") % {"time": time}
    if days == 1:
        return _("until %(time)s tomorrow") % {"time": time}
    return _("until %(time)s on %(day)s") % {
        "time": time, "day": _day_name(until - dt.timedelta(minutes=1), now),
    }  # fmt: skip


def _opens_words(opens_at: dt.datetime, now: dt.datetime) -> str:
    time = f"{opens_at:%H:%M}"
    days = (opens_at.date() - now.date()).days
    if days == 0:
        return _("opens at %(time)s today") % {"time": time}
    if days == 1:
        return _("opens at %(time)s tomorrow") % {"time": time}
    return _("opens at %(time)s on %(day)s") % {"time": time, "day": _day_name(opens_at, now)}


def _end_clock(until: dt.datetime) -> str:
    return "24:00" if (until.hour, until.minute) == (0, 0) else f"{until:%H:%M}"


def _day_name(moment: dt.datetime, now: dt.datetime) -> str:
    if (moment.date() - now.date()).days < WEEK:
        return str(WEEKDAYS[moment.weekday()])
    return date_format(moment, "MONTH_DAY_FORMAT")


def checked_words(day: dt.date | None, today: dt.date) -> str:
    """Say when a point was last checked; an old check tells people to call first."""
    if day is None:
        return _("Not checked yet: call before you go")
    days = (today - day).days
    if days <= 0:
        return _("Checked today")
    if days == 1:
        return _("Checked yesterday")
    if days <= OLD_CHECK:
        return _("Checked %(n)d days ago") % {"n": days}
    return _("Checked %(n)d days ago: call before you go") % {"n": days}


def is_old_check(day: dt.date | None, today: dt.date) -> bool:
    return day is None or (today - day).days > OLD_CHECK
