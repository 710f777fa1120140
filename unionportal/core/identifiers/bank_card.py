"""Bank card numbers: 16 to 19 digits. Passbooks follow no rule, so a failed check only warns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _
from stdnum import luhn

from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    clean,
    refuse_foreign_digits,
)

SHORTEST, LONGEST = 16, 19
SEPARATORS = re.compile(r"[\s\-]")
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+|\d{15,20}\.0*")


@dataclass(frozen=True, slots=True)
class BankCard:
    """A card number without spaces; it stays out of repr and so out of logs."""

    number: str = field(repr=False)
    notes: tuple[Note, ...] = ()

    @property
    def passes_luhn(self) -> bool:
        """Whether the usual check of card numbers holds."""
        return Note.LUHN not in self.notes


def parse(value: object) -> BankCard:
    """Check a card number; raise IdentifierError: empty, number_cell, foreign_digits, letters,
    length. A failed Luhn check is `Note.LUHN`, not an error.
    """
    cleaned = clean(_as_text(value))
    notes = list(cleaned.notes)
    number = SEPARATORS.sub("", cleaned.text)
    if number != cleaned.text and Note.SPACES not in notes:
        notes.append(Note.SPACES)
    refuse_foreign_digits(number)
    if not number.isascii() or not number.isdigit():
        raise IdentifierError("letters", _("A card number has digits only. Copy it from the card."))
    if not SHORTEST <= len(number) <= LONGEST:
        raise IdentifierError(
            "length",
            _("A card number has 16 to 19 digits; this one has %(found)d."),
            found=len(number),
        )
    if not luhn.is_valid(number):
        notes.append(Note.LUHN)
    return BankCard(number, tuple(notes))


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or SCIENTIFIC.fullmatch(value.strip()):
        raise IdentifierError(
            "number_cell",
            _(
                "The spreadsheet destroyed the card number: the cell holds a number, not text. "
                "Format the column as text and type it again."
            ),
        )
    return value
