"""Mobile numbers of mainland China: eleven digits that start with 13 to 19."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    clean,
    refuse_foreign_digits,
)

MOBILE = re.compile(r"1[3-9][0-9]{9}")
COUNTRY_CODE = re.compile(r"^(?:\+|00)86(?=[0-9])|^86(?=1[0-9]{10}$)")
LANDLINE = re.compile(r"0[1-9][0-9]{8,10}|[2-8][0-9]{6,7}|400[0-9]{7}")
SEPARATORS = re.compile(r"[\s\-\u2010-\u2015().]")
WRITTEN_AS_NUMBER = re.compile(r"([0-9]{11})\.0*")
LENGTH = 11


@dataclass(frozen=True, slots=True)
class Phone:
    """A checked mobile number; it stays out of repr and so out of logs."""

    number: str = field(repr=False)
    notes: tuple[Note, ...] = ()


def parse(value: object) -> Phone:
    """Check a mobile number as typed or as found in a cell.

    A whole number of 11 digits is accepted from a numeric cell: nothing is lost at that size.
    Raise IdentifierError: empty, number_cell, foreign_digits, letters, landline, length, prefix.
    """
    if isinstance(value, str) and MOBILE.fullmatch(value):
        return Phone(value)
    text, notes = _as_text(value)
    cleaned = clean(text)
    notes += cleaned.notes
    digits = SEPARATORS.sub("", cleaned.text)
    if digits != cleaned.text:
        notes.append(Note.SEPARATORS)
    number = COUNTRY_CODE.sub("", digits, count=1)
    if number != digits:
        notes.append(Note.COUNTRY_CODE)
    _refuse_wrong_number(number)
    return Phone(number, tuple(notes))


def _as_text(value: object) -> tuple[str, list[Note]]:
    if value is None or isinstance(value, str):
        text = value or ""
        written = WRITTEN_AS_NUMBER.fullmatch(text.strip())
        return (written[1], [Note.NUMBER_CELL]) if written else (text, [])
    is_whole = isinstance(value, int | float) and value == value // 1
    if isinstance(value, bool) or not is_whole or not 0 < float(str(value)) < 1e15:
        raise IdentifierError(
            "number_cell",
            _("The cell does not hold a mobile number. Type the 11 digits as text."),
        )
    return f"{value:.0f}", [Note.NUMBER_CELL]


def _refuse_wrong_number(number: str) -> None:
    refuse_foreign_digits(number)
    if not number.isascii() or not number.isdigit():
        raise IdentifierError("letters", _("A mobile number has digits only. Type the 11 digits."))
    if LANDLINE.fullmatch(number):
        raise IdentifierError(
            "landline", _("This is not a mobile number. Text messages need one of 11 digits.")
        )
    if len(number) != LENGTH:
        raise _wrong_length(len(number))
    if not MOBILE.fullmatch(number):
        raise IdentifierError(
            "prefix", _("A mobile number starts with 13 to 19. Look at the first two digits.")
        )


def _wrong_length(found: int) -> IdentifierError:
    if found < LENGTH:
        message = ngettext_lazy(
            "One digit is missing; %(needed)d are needed.",
            "%(count)d digits are missing; %(needed)d are needed.",
            "count",
        )
    else:
        message = ngettext_lazy(
            "There is one digit too many; %(needed)d are needed.",
            "There are %(count)d digits too many; %(needed)d are needed.",
            "count",
        )
    return IdentifierError("length", message, count=abs(LENGTH - found), needed=LENGTH, found=found)
