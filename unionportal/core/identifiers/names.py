"""People's names: kept as on the ID card, compared through a normaliser only.

domain.md §4.3 gives 2 to 50 characters as what forms usually allow; people with a one-character
name exist and must get through (bad-input corpus 41), so the lower bound here is 1.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from unionportal.core.identifiers.cleaning import (
    IdentifierError,
    Note,
    narrow,
    refuse_hidden_controls,
    remove_invisible,
)

LONGEST = 50
MIDDLE_DOT = "\u00b7"
# Dots that keyboards and banks put in place of U+00B7; the ASCII full stop only between Chinese.
DOT_VARIANTS = re.compile("[\u2022\u2219\u22c5\u2027\u30fb\u25cf\u00b7]")
FULL_STOP = re.compile(r"(?<=[\u3400-\u9fff])\s*[.\uff0e\uff61\u3002]\s*(?=[\u3400-\u9fff])")
DOT_WITH_SPACE = re.compile(rf"\s*{MIDDLE_DOT}\s*")
INNER_SPACES = re.compile(r"\s+")
# Most names: nothing to clean, nothing to refuse.
PLAIN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{1,50}")
PUNCTUATION = frozenset(f"{MIDDLE_DOT} '-.")
# Unified ideographs with their extensions A to J, compatibility ideographs, 〇 and 々.
IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
    (0x323B0, 0x3347F),
    (0x3005, 0x3007),
)


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name fit to be stored, with what was normalised."""

    name: str = field(repr=False)
    notes: tuple[Note, ...] = ()


def parse(value: object) -> PersonName:
    """Check a person's name; raise IdentifierError: empty, number_cell, control, direction_mark,
    emoji, combining, characters, edge, length.
    """
    if value is not None and not isinstance(value, str):
        raise IdentifierError("number_cell", _("The cell holds a number. Type the name as text."))
    text = value or ""
    if PLAIN.fullmatch(text):
        return PersonName(text)
    refuse_hidden_controls(text)
    notes: list[Note] = []
    name = _spaces(text, notes)
    dotted = _dots(name)
    if dotted != name:
        notes.append(Note.MIDDLE_DOT)
    _refuse_wrong_characters(dotted)
    return PersonName(dotted, tuple(notes))


def compare_key(name: str) -> str:
    """Return the form in which two spellings of one name are equal; never store or show it.

    Ignores dots, spaces, width and case, so the bank's 买买提.艾力 equals the card's 买买提·艾力.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LN")


def gbk_encodable(name: str) -> bool:
    """Whether a bank file in GBK can carry this name."""
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _spaces(text: str, notes: list[Note]) -> str:
    visible = remove_invisible(text)
    if visible != text:
        notes.append(Note.INVISIBLE)
    trimmed = INNER_SPACES.sub(" ", visible.strip())
    if _is_chinese(trimmed):
        trimmed = trimmed.replace(" ", "")
    if trimmed != visible:
        notes.append(Note.SPACES)
    narrowed = narrow(trimmed)
    if narrowed != trimmed:
        notes.append(Note.FULL_WIDTH)
    return narrowed


def _dots(name: str) -> str:
    dotted = FULL_STOP.sub(MIDDLE_DOT, DOT_VARIANTS.sub(MIDDLE_DOT, name))
    return DOT_WITH_SPACE.sub(MIDDLE_DOT, dotted)


def _refuse_wrong_characters(name: str) -> None:
    _refuse_symbols(name)
    if not any(_is_ideograph(char) or char.isalpha() for char in name):
        raise IdentifierError("empty", _("No name is filled in."))
    if name[0] in PUNCTUATION or name[-1] in PUNCTUATION - {"."}:
        raise IdentifierError("edge", _("A name does not begin or end with a mark. Take it out."))
    if len(name) > LONGEST:
        raise IdentifierError(
            "length",
            _("A name has at most 50 characters; this one has %(found)d."),
            found=len(name),
        )


def _refuse_symbols(name: str) -> None:
    for char in name:
        category = unicodedata.category(char)
        if category in {"So", "Sk"}:
            raise IdentifierError(
                "emoji", _("A name cannot hold pictures or symbols. Take them out.")
            )
        if category.startswith("M"):
            raise IdentifierError(
                "combining", _("There are loose accents in the name. Type it again.")
            )
        if not _is_allowed(char):
            raise IdentifierError(
                "characters",
                _("“%(char)s” does not belong in a name. Use the name on the ID card."),
                char=char,
            )


def _is_allowed(char: str) -> bool:
    return (
        char in PUNCTUATION
        or _is_ideograph(char)
        or (char.isalpha() and unicodedata.name(char, "").startswith("LATIN"))
    )


def _is_ideograph(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in IDEOGRAPHS)


def _is_chinese(text: str) -> bool:
    return any(_is_ideograph(char) for char in text)
