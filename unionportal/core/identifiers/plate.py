"""Vehicle plates (GA 36-2018): ordinary ones of 7 characters, new-energy ones of 8."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    clean,
    refuse_foreign_digits,
)

PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTER = "A-HJ-NP-Z"
SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.\u00b7\u2022\u2219\u30fb\u25cf\u22c5]")
ORDINARY = re.compile(rf"[{PROVINCE}][{LETTER}][{LETTER}0-9]{{4}}[{LETTER}0-9挂学警港澳]")
NEW_ENERGY_SMALL = re.compile(rf"[{PROVINCE}][{LETTER}][A-HJK][{LETTER}0-9][0-9]{{4}}")
NEW_ENERGY_LARGE = re.compile(rf"[{PROVINCE}][{LETTER}][0-9]{{5}}[A-HJK]")


class PlateKind(TextChoices):
    """What the form of a plate tells."""

    ORDINARY = "ORDINARY", pgettext_lazy("plate", "ordinary")
    TRAILER = "TRAILER", pgettext_lazy("plate", "trailer")
    NEW_ENERGY_SMALL = "NEW_ENERGY_SMALL", pgettext_lazy("plate", "new energy, small")
    NEW_ENERGY_LARGE = "NEW_ENERGY_LARGE", pgettext_lazy("plate", "new energy, large")


@dataclass(frozen=True, slots=True)
class Plate:
    """A checked plate without separators, in capitals."""

    number: str = field(repr=False)
    kind: PlateKind
    notes: tuple[Note, ...] = ()


def parse(value: object) -> Plate:
    """Check a plate as typed; raise IdentifierError: empty, length, province, letters, form."""
    cleaned = clean("" if value is None else str(value))
    notes = list(cleaned.notes)
    joined = SEPARATORS.sub("", cleaned.text)
    if joined != cleaned.text:
        notes.append(Note.SEPARATORS)
    number = joined.upper()
    if number != joined:
        notes.append(Note.UPPER_CASE)
    return Plate(number, _kind(number), tuple(notes))


def _kind(number: str) -> PlateKind:
    if NEW_ENERGY_SMALL.fullmatch(number):
        return PlateKind.NEW_ENERGY_SMALL
    if NEW_ENERGY_LARGE.fullmatch(number):
        return PlateKind.NEW_ENERGY_LARGE
    if ORDINARY.fullmatch(number):
        return PlateKind.TRAILER if number.endswith("挂") else PlateKind.ORDINARY
    raise _explain(number)


def _explain(number: str) -> IdentifierError:
    refuse_foreign_digits(number)
    if len(number) not in {7, 8}:
        return IdentifierError(
            "length",
            _("A plate has 7 characters, 8 for new energy; this one has %(found)d."),
            found=len(number),
        )
    if number[0] not in PROVINCE:
        return IdentifierError(
            "province", _("A plate starts with the short name of a province, such as 豫.")
        )
    if "I" in number or "O" in number:
        return IdentifierError(
            "letters", _("Plates have no letter I or O. Is it the digit 1 or 0?")
        )
    return IdentifierError("form", _("This is not the form of a plate. Example: 豫A12345."))
