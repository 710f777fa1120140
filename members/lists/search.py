"""The one search box: how typed text is read, and the condition it becomes on `MemberKey`.

Every condition is a range of one index (or one look-up in the gram index), and every order is
that index's order, so a first page costs what it shows, however many members there are
(performance.md section 2.7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from django.db.models import Q
from django.utils.translation import gettext as _

from unionportal.core.identifiers.cleaning import narrow
from unionportal.core.pinyin import Homograph, bigrams, other_readings, split_syllables

MEMBER_NUMBER = re.compile(r"(?:GH)?([0-9]{12})", re.IGNORECASE)
PHONE_TAIL = re.compile(r"[0-9]{4}")
# Enough digits to be a phone or an ID number: such text must not travel in an address.
LONG_NUMBER = re.compile(r"[0-9]{11}|[0-9]{17}[0-9Xx]")
LAST = "\U0010ffff"


class Kind(StrEnum):
    """What typed text can be read as."""

    MEMBER_NUMBER = "number"
    PHONE_TAIL = "phone"
    FIRST_CHARACTER = "first"
    CHARACTERS = "characters"
    PINYIN = "pinyin"
    INITIALS = "initials"
    LONG_NUMBER = "long"


@dataclass(frozen=True)
class Reading:
    """Typed text, how it was read, and which other reading may be asked for."""

    text: str
    kind: Kind
    other: Kind | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """The order of the rows found: the order of the index they are read from.

        What the gram index finds has none: there the narrow keys are sorted before memberships
        are fetched (`SortedKey`).
        """
        column = {
            Kind.CHARACTERS: "sorted_key__name",
            Kind.FIRST_CHARACTER: "key__name",
            Kind.PINYIN: "key__pinyin",
            Kind.INITIALS: "key__initials",
            Kind.PHONE_TAIL: "key__phone_tail",
        }.get(self.kind)
        return (column, "pk") if column else ("-created_at", "-pk")

    @property
    def condition(self) -> Q:
        """The condition on memberships."""
        if self.kind == Kind.MEMBER_NUMBER:
            return Q(member_no=f"GH{self.text}")
        if self.kind == Kind.PHONE_TAIL:
            return Q(key__phone_tail=self.text)
        if self.kind == Kind.FIRST_CHARACTER:
            return begins("key__name", self.text)
        if self.kind == Kind.CHARACTERS:
            pairs = [gram for gram in bigrams(self.text) if len(gram) == 2]
            return Q(sorted_key__grams__contains=pairs)
        if self.kind == Kind.INITIALS:
            return begins("key__initials", self.text)
        condition = Q()
        for part in self.parts:
            condition |= part
        return condition

    @cached_property
    def parts(self) -> list[Q]:
        """What pinyin may mean, each a range of the index; together they are the condition."""
        if self.kind != Kind.PINYIN:
            return []
        plain = begins("key__pinyin", self.text.replace(" ", ""))
        return [plain, *(_homograph(other) for other in other_readings(self.text))]

    @property
    def words(self) -> str:
        """One line that says how the text was read."""
        words = {
            Kind.MEMBER_NUMBER: _("Read as a member number."),
            Kind.PHONE_TAIL: _("Read as the last 4 digits of a phone."),
            Kind.FIRST_CHARACTER: _("Read as the surname: names that begin with “%(text)s”."),
            Kind.CHARACTERS: _("Read as part of a name: names that hold “%(text)s”."),
            Kind.PINYIN: _("Read as pinyin: names that sound like “%(text)s…”."),
            Kind.INITIALS: _("Read as initials: names whose syllables begin with “%(text)s”."),
            Kind.LONG_NUMBER: _("Read as a full ID or phone number."),
        }[self.kind]
        return words % {"text": self.text}


def read(typed: str, wanted: str = "") -> Reading:
    """Return how `typed` is read; `wanted` settles letters that may be pinyin or initials."""
    text = " ".join(narrow(typed).casefold().split())
    close = text.replace(" ", "")
    if found := MEMBER_NUMBER.fullmatch(close):
        return Reading(found[1], Kind.MEMBER_NUMBER)
    if LONG_NUMBER.search(close):
        return Reading(close, Kind.LONG_NUMBER)
    if PHONE_TAIL.fullmatch(text):
        return Reading(text, Kind.PHONE_TAIL)
    if text.isascii():
        return _read_letters(text, close, wanted)
    letters = "".join(char for char in close if char.isalnum()) or close
    return Reading(letters, Kind.FIRST_CHARACTER if len(letters) == 1 else Kind.CHARACTERS)


def _read_letters(text: str, close: str, wanted: str) -> Reading:
    """Letters are pinyin when they make syllables, else initials; the other one is offered."""
    if not split_syllables(text):
        return Reading(close, Kind.INITIALS)
    if wanted == Kind.INITIALS:
        return Reading(close, Kind.INITIALS, other=Kind.PINYIN)
    return Reading(text, Kind.PINYIN, other=Kind.INITIALS)


def begins(column: str, text: str) -> Q:
    """Match what begins with `text`, as a range of a byte-ordered index."""
    return Q(**{f"{column}__gte": text, f"{column}__lt": f"{text}{LAST}"})


def _homograph(other: Homograph) -> Q:
    sounds = begins("key__pinyin", other.kept)
    if other.place == 0:
        return sounds & begins("key__name", other.char)
    return sounds & Q(key__grams__contains=[other.char])
