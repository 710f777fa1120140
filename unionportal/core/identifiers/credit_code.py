"""Unified social credit codes of organisations (GB 32100-2015)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    clean,
    refuse_foreign_digits,
)

ALPHABET = frozenset("0123456789ABCDEFGHJKLMNPQRTUWXY")
LENGTH = 18
GRASSROOTS_UNION = "81"
OTHER_UNION = "89"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A checked code: `kind` is its first two characters (81 grassroots union, 91 firm, …)."""

    code: str
    kind: str
    region: str
    notes: tuple[Note, ...] = ()

    @property
    def is_union(self) -> bool:
        """Whether the code belongs to a union, not to an employer."""
        return self.kind in {GRASSROOTS_UNION, OTHER_UNION}


def parse(value: object) -> CreditCode:
    """Check a credit code as typed or as found in a cell.

    Raise IdentifierError: empty, number_cell, inner_space, foreign_digits, length, letters,
    check_digit.
    """
    if value is not None and not isinstance(value, str):
        raise IdentifierError(
            "number_cell",
            _("The cell holds a number, not text. Format the column as text and type it again."),
        )
    cleaned = clean(value or "")
    code = cleaned.text.upper()
    notes = cleaned.notes if code == cleaned.text else (*cleaned.notes, Note.UPPER_CASE)
    _refuse_wrong_form(code)
    if uscc.calc_check_digit(code) != code[-1]:
        raise IdentifierError(
            "check_digit",
            _("The credit code does not add up. Copy it from the certificate, all 18 characters."),
        )
    return CreditCode(code, kind=code[:2], region=code[2:8], notes=notes)


def _refuse_wrong_form(code: str) -> None:
    if any(char.isspace() for char in code):
        raise IdentifierError(
            "inner_space", _("There is a space inside the credit code. Take it out.")
        )
    refuse_foreign_digits(code)
    if len(code) != LENGTH:
        raise IdentifierError(
            "length",
            _("A credit code has 18 characters; this one has %(found)d."),
            found=len(code),
        )
    for place, char in enumerate(code, start=1):
        if char not in ALPHABET or (3 <= place <= 8 and not char.isdigit()):
            raise IdentifierError(
                "letters",
                _(
                    "“%(char)s” at place %(place)d does not belong in a credit code. The letters "
                    "I, O, S, V and Z are never used, and places 3 to 8 are digits."
                ),
                char=char,
                place=place,
            )
