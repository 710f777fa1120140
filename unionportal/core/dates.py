"""Dates as people write them in spreadsheets and forms; nothing ambiguous is guessed."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.translation import gettext_lazy as _

from unionportal.core.identifiers.cleaning import IdentifierError, clean

EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2199, 12, 31)
YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年\s*([0-9]{1,2})月\s*([0-9]{1,2})日?)"
    r"(?:[T ]00:00(?::00)?)?"
)
COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
CHINESE = re.compile(
    "([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]"
)
AMBIGUOUS = re.compile(r"[0-9]{1,2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,4}日?")
NUMERALS = {char: i for i, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}


class DateError(IdentifierError):
    """A refused date."""


def parse_date(value: object, *, earliest: dt.date = EARLIEST, latest: dt.date = LATEST) -> dt.date:
    """Return the date of a cell or of text (2026-03-01, 2026/3/1, 2026年3月1日, 20260301).

    Raise DateError: empty, form, ambiguous, impossible, range.
    """
    date = _from_cell(value) if not isinstance(value, str) else _from_text(value)
    if not earliest <= date <= latest:
        raise DateError(
            "range",
            _("The date must be between %(earliest)s and %(latest)s."),
            earliest=earliest.isoformat(),
            latest=latest.isoformat(),
        )
    return date


def _from_cell(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if value is None:
        raise DateError("empty", _("No date is filled in."))
    raise DateError("form", _("Write the date as year-month-day, such as 2026-03-01."))


def _from_text(value: str) -> dt.date:
    try:
        text = clean(value).text
    except IdentifierError as error:
        raise DateError(error.code, error.template, **error.params) from None
    for pattern in (YEAR_FIRST, COMPACT):
        if match := pattern.fullmatch(text):
            year, month, day = (int(part) for part in match.groups() if part and part.isdigit())
            return _date(year, month, day, text)
    if match := CHINESE.fullmatch(text):
        year = int("".join(str(NUMERALS[char]) for char in match[1]))
        return _date(year, _numeral(match[2]), _numeral(match[3]), text)
    if AMBIGUOUS.fullmatch(text):
        raise DateError(
            "ambiguous",
            _("“%(text)s” can be read in more than one way. Write it as 2026-03-01."),
            text=text,
        )
    raise DateError("form", _("Write the date as year-month-day, such as 2026-03-01."))


def _date(year: int, month: int, day: int, text: str) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise DateError("impossible", _("There is no such day: %(text)s."), text=text) from None


def _numeral(text: str) -> int:
    """Return 1 to 99 written with 十; 0 when it is not written that way."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return NUMERALS[text] if len(text) == 1 else 0
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        return 0
    return (NUMERALS[tens] if tens else 1) * 10 + (NUMERALS[ones] if ones else 0)
