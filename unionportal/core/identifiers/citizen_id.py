"""Citizen identity numbers of 18 characters, and the permits that share their form.

GB 11643-1999; HK/Macao/Taiwan residence permits (81/82/83) and foreigners' cards (9) follow the
same rule. No table of districts is asked: codes are abolished, and their holders live on.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from operator import mul

from django.db.models import IntegerChoices, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.identifiers import divisions
from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    clean,
    refuse_foreign_digits,
)

LENGTH = 18
WELL_FORMED = re.compile(r"[0-9]{17}[0-9X]")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
MINIMUM_AGE = 16  # Labour Law art. 15: nobody under 16 may be employed
EARLIEST_BIRTH_YEAR = 1800
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+|\d{15,19}\.0*")
OLDER_PERMIT = re.compile(r"[A-Z]{3}\d{12}")

# Residence permits of people from Hong Kong, Macao and Taiwan.
PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})


class Sex(IntegerChoices):
    """GB/T 2261.1-2003."""

    UNKNOWN = 0, pgettext_lazy("sex", "unknown")
    MALE = 1, pgettext_lazy("sex", "male")
    FEMALE = 2, pgettext_lazy("sex", "female")
    NOT_STATED = 9, pgettext_lazy("sex", "not stated")


class IdKind(TextChoices):
    """Which document an 18-character number belongs to."""

    RESIDENT = "RESIDENT", _("resident identity card")
    HMT_PERMIT = "HMT_PERMIT", _("residence permit for Hong Kong, Macao and Taiwan residents")
    FOREIGN_PERMIT = "FOREIGN_PERMIT", _("foreign permanent resident card")


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A checked number; number and birth date stay out of repr and so out of logs."""

    number: str = field(repr=False)
    kind: IdKind
    sex: Sex
    birth_date: dt.date = field(repr=False)
    region: str = field(repr=False)
    notes: tuple[Note, ...] = ()

    def age(self, on: dt.date) -> int:
        """Return whole years of age on the day `on`."""
        return age_on(self.birth_date, on)


def parse(
    value: object, *, on: dt.date | None = None, minimum_age: int | None = MINIMUM_AGE
) -> CitizenId:
    """Check an 18-character number as typed or as found in a cell, and take it apart.

    `on` is the day ages are counted on (default today); `minimum_age=None` accepts children.
    Raise IdentifierError: empty, number_cell, inner_space, foreign_digits, letters, old_id,
    older_permit, length, impossible_date, check_digit, future_date, under_age.
    """
    number, notes = _number(value)
    birth_date = _birth_date(number)
    if check_character(number) != number[-1]:
        raise IdentifierError(
            "check_digit", _("The last digit of the ID number is wrong. Copy it from the card.")
        )
    _refuse_age(birth_date, on or timezone.localdate(), minimum_age)
    if not _is_known_region(number):
        notes.append(Note.UNKNOWN_AREA)
    return CitizenId(
        number=number,
        kind=_kind(number),
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        birth_date=birth_date,
        region=number[:6],
        notes=tuple(notes),
    )


def check_character(number: str) -> str:
    """Return the last character that belongs to the first 17 digits (domain.md 4.1)."""
    total = sum(map(mul, map(int, number[:17]), WEIGHTS))
    return CHECK_CHARACTERS[total % 11]


def _number(value: object) -> tuple[str, list[Note]]:
    """Return 18 characters and what was normalised; most numbers come without a fault."""
    if isinstance(value, str) and WELL_FORMED.fullmatch(value):
        return value, []
    cleaned = clean(_as_text(value))
    number = cleaned.text.upper()
    notes = list(cleaned.notes)
    if number != cleaned.text:
        notes.append(Note.UPPER_CASE)
    _refuse_wrong_characters(number)
    _refuse_wrong_length(number)
    return number, notes


def age_on(birth_date: dt.date, on: dt.date) -> int:
    """Return whole years between `birth_date` and `on`; a leap-day birthday counts on 1 March."""
    had_birthday = (on.month, on.day) >= (birth_date.month, birth_date.day)
    return on.year - birth_date.year - (0 if had_birthday else 1)


def _as_text(value: object) -> str:
    """Return typed text; a number is refused, because 8 % of rounded numbers pass the check."""
    if value is None:
        return ""
    if not isinstance(value, str) or SCIENTIFIC.fullmatch(value.strip()):
        raise IdentifierError(
            "number_cell",
            _(
                "The spreadsheet destroyed the number: the cell holds a number, not text, so the "
                "last digits are lost. Format the column as text and type the ID again."
            ),
        )
    return value


def _refuse_wrong_characters(number: str) -> None:
    if any(char.isspace() for char in number):
        raise IdentifierError(
            "inner_space", _("There is a space inside the ID number. Take it out.")
        )
    refuse_foreign_digits(number)
    if OLDER_PERMIT.fullmatch(number):
        raise IdentifierError(
            "older_permit",
            _(
                "This is the number of an older foreign residence card. Enter the 18-digit number "
                "of the new card."
            ),
        )
    for place, char in enumerate(number, start=1):
        if char.isascii() and char.isdigit():
            continue
        if char != "X" or place != len(number):
            raise IdentifierError(
                "letters",
                _(
                    "“%(char)s” at place %(place)d does not belong in an ID number. Use digits "
                    "only; the last one may be the letter X."
                ),
                char=char,
                place=place,
            )


def _refuse_wrong_length(number: str) -> None:
    if len(number) == 15 and number.isdigit():
        raise IdentifierError(
            "old_id", _("This is an old ID number of 15 digits. Enter the 18 digits.")
        )
    if len(number) != LENGTH:
        raise IdentifierError(
            "length",
            _("An ID number has 18 characters; this one has %(found)d."),
            found=len(number),
        )


def _birth_date(number: str) -> dt.date:
    try:
        born = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or born.year < EARLIEST_BIRTH_YEAR:
        raise IdentifierError(
            "impossible_date",
            _(
                "The birth date inside the ID number, %(date)s, does not exist. Copy the number "
                "from the card."
            ),
            date=f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        )
    return born


def _refuse_age(birth_date: dt.date, on: dt.date, minimum_age: int | None) -> None:
    if birth_date > on:
        raise IdentifierError(
            "future_date",
            _(
                "The birth date inside the ID number is in the future. Copy the number from the "
                "card."
            ),
        )
    if minimum_age is not None and age_on(birth_date, on) < minimum_age:
        raise IdentifierError(
            "under_age",
            _("This person is under %(age)d and cannot join yet."),
            age=minimum_age,
        )


def _kind(number: str) -> IdKind:
    if number[:2] in {"81", "82", "83"}:
        return IdKind.HMT_PERMIT
    return IdKind.FOREIGN_PERMIT if number[0] == "9" else IdKind.RESIDENT


def _is_known_region(number: str) -> bool:
    if number[0] == "9":
        return True
    if number[:2] in {"81", "82", "83"}:
        return number[:6] in PERMIT_REGIONS
    # Provinces only: counties are founded and abolished, and the list is not of today.
    return divisions.is_known(f"{number[:2]}0000")
