"""Trim what people paste around a number, and say what was trimmed.

Only changes that cannot alter the meaning are made, and each leaves a `Note` for the preview.
Everything else is an `IdentifierError` that says what is wrong and what to do.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from unionportal.core.input_errors import InputError

APOSTROPHES = "'\u2018\u2019\u02bc`"
INVISIBLE = frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff")
DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


class Note(TextChoices):
    """What was changed, or noticed, without refusing the value."""

    SPACES = "SPACES", _("Spaces were removed")
    INVISIBLE = "INVISIBLE", _("Invisible characters were removed")
    APOSTROPHE = "APOSTROPHE", _("The apostrophe in front was removed")
    FULL_WIDTH = "FULL_WIDTH", _("Full-width characters were turned into ordinary ones")
    UPPER_CASE = "UPPER_CASE", _("Small letters were turned into capitals")
    SEPARATORS = "SEPARATORS", _("Hyphens and dots were removed")
    COUNTRY_CODE = "COUNTRY_CODE", _("The country code 86 was removed")
    NUMBER_CELL = "NUMBER_CELL", _("The cell held a number; it was read as text")
    MIDDLE_DOT = "MIDDLE_DOT", _("The dot inside the name was turned into ·")
    UNKNOWN_AREA = "UNKNOWN_AREA", _("The area at the start of the number is not known; check it")
    LUHN = "LUHN", _("The card number does not pass the usual check; compare it with the card")


class IdentifierError(InputError):
    """A refused number or name."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Trimmed text and the notes about it, in the order they were made."""

    text: str
    notes: tuple[Note, ...] = ()


def clean(value: str) -> Cleaned:
    """Trim spaces and invisible marks, drop a leading apostrophe, narrow full-width forms.

    Raise IdentifierError `empty`, `control` or `direction_mark`. Inner spaces are left in place.
    """
    if value.isalnum() and value.isascii():
        return Cleaned(value)
    refuse_hidden_controls(value)
    notes: list[Note] = []
    text = _note(notes, Note.INVISIBLE, value, remove_invisible(value))
    text = _note(notes, Note.SPACES, text, text.strip())
    text = _note(notes, Note.FULL_WIDTH, text, narrow(text))
    text = _note(notes, Note.APOSTROPHE, text, text.lstrip(APOSTROPHES).strip())
    if not text:
        raise IdentifierError("empty", _("Nothing is filled in."))
    return Cleaned(text, tuple(notes))


def narrow(text: str) -> str:
    """Return NFKC of the full-width characters only, so that ² and ① keep being errors."""
    return "".join(
        unicodedata.normalize("NFKC", char) if unicodedata.east_asian_width(char) == "F" else char
        for char in text
    )


def remove_invisible(text: str) -> str:
    """Return `text` without zero-width characters, soft hyphens and byte-order marks."""
    return "".join(char for char in text if char not in INVISIBLE)


def refuse_hidden_controls(text: str) -> None:
    """Raise IdentifierError for NUL and other controls, lone surrogates, direction marks."""
    for char in text.strip():
        if char in DIRECTION_MARKS:
            raise IdentifierError(
                "direction_mark",
                _("There is a hidden mark that turns the writing direction. Type it again."),
            )
        if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\r\n":
            raise IdentifierError(
                "control", _("There is a hidden control character. Type it again.")
            )


def refuse_foreign_digits(text: str) -> None:
    """Raise IdentifierError when a digit is not one of 0–9 (Arabic-Indic, superscript, circled)."""
    for place, char in enumerate(text, start=1):
        if not char.isascii() and unicodedata.category(char) in {"Nd", "No"}:
            raise IdentifierError(
                "foreign_digits",
                _("“%(char)s” at place %(place)d is not an ordinary digit. Use 0 to 9."),
                char=char,
                place=place,
            )


def _note(notes: list[Note], note: Note, before: str, after: str) -> str:
    if before != after:
        notes.append(note)
    return after
