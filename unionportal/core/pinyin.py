"""Toneless pinyin of names, for sorting and for finding people by what one can type.

pypinyin reads characters as in running text; a surname often has a reading of its own (单 is shan,
not dan), so surnames come from a table. Readings are cached per character: a district has about
three thousand distinct ones among a hundred thousand names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.style import convert

from unionportal.core.identifiers.names import MIDDLE_DOT

SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "仇": "qiu",
    "解": "xie",
    "查": "zha",
    "区": "ou",
    "朴": "piao",
    "盖": "ge",
    "乐": "yue",
    "缪": "miao",
    "翟": "zhai",
    "覃": "qin",
    "黑": "he",
    "种": "chong",
    "折": "she",
    "秘": "bi",
    "洗": "xian",
    "召": "shao",
    "员": "yun",
    "贠": "yun",
    "隗": "wei",
    "祭": "zhai",
    "繁": "po",
    "句": "gou",
    "能": "nai",
    "乜": "nie",
    "郇": "xun",
    "都": "du",
    "卜": "bu",
    "薄": "bo",
    "阚": "kan",
    "佴": "nai",
    "颉": "xie",
    "么": "yao",
}
# Surnames read in two ways by their own bearers, beside what running text makes of a surname.
SURNAMES_READ_TWICE = {
    "尉": "yu",
    "牟": "mu",
    "柏": "bo",
    "宿": "xiu",
    "莘": "xin",
    "郗": "chi",
    "谌": "shen",
    "车": "ju",
    "盛": "cheng",
}
# Characters of given names that people read in two ways.
GIVEN_READ_TWICE = "乐行长朝重晟茜娜隽莎筠盛柏曾单参传禅省降调系露"
# Only those that character by character would read otherwise.
DOUBLE_SURNAMES = {
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "澹台": "tan tai",
    "单于": "chan yu",
}


def pinyin_key(name: str) -> str:
    """Return syllables joined by spaces, lower case, ü as v: 单小芳 → "shan xiao fang"."""
    return spelled(name)[0]


def initials(name: str) -> str:
    """Return the first letter of each syllable: 单小芳 → "sxf"."""
    return spelled(name)[1]


def spelled(name: str) -> tuple[str, str]:
    """Return `pinyin_key` and `initials` together: 单小芳 → ("shan xiao fang", "sxf")."""
    syllables = _syllables(name)
    return " ".join(syllables), "".join([syllable[0] for syllable in syllables])


def bigrams(name: str) -> list[str]:
    """Return the one- and two-character pieces of a name, each once, for exact token search."""
    letters = [char for char in name.casefold() if char.isalnum()]
    pairs = ["".join(pair) for pair in zip(letters, letters[1:], strict=False)]
    return list(dict.fromkeys([*letters, *pairs]))


def _syllables(name: str) -> list[str]:
    if MIDDLE_DOT in name:  # a transliterated name: its first character is no surname
        return _given(name)
    surname = DOUBLE_SURNAMES.get(name[:2])
    if surname is not None:
        return [*surname.split(), *_given(name[2:])]
    first = SURNAMES.get(name[:1])
    return [first, *_given(name[1:])] if first else _given(name)


def _given(text: str) -> list[str]:
    if text.isascii():
        return text.casefold().split()
    return [reading for char in text if (reading := _reading(char))]


@lru_cache(maxsize=50_000)
def _reading(char: str) -> str:
    """Return the commonest reading of one character; letters read as themselves, marks as ""."""
    if char.isascii():
        return char.casefold() if char.isalnum() else ""
    readings = pinyin(char, style=Style.NORMAL, heteronym=False, errors="ignore")
    if readings:
        return readings[0][0]
    return char.casefold() if char.isalnum() else ""


@dataclass(frozen=True, slots=True)
class Homograph:
    """A character that the typed syllables may stand for, although it is kept as other ones."""

    char: str
    place: int
    kept: str  # the key as kept, without spaces, as far as it was typed


def other_readings(typed: str) -> list[Homograph]:
    """Return what else typed pinyin may mean: "dan xiao" is also 单 kept as "shanxiao".

    Only whole syllables count, and one character at a time.
    """
    syllables = split_syllables(typed)
    found = []
    for place, syllable in enumerate(syllables):
        others = _surnames_by_other_reading() if place == 0 else _given_by_other_reading()
        for char, kept in others.get(syllable, ()):
            key = "".join([*syllables[:place], kept, *syllables[place + 1 :]])
            found.append(Homograph(char, place, key))
    return found


def split_syllables(typed: str) -> list[str]:
    """Return the syllables of typed pinyin, the last one perhaps not finished; [] when none fit.

    Spaces separate; without them longer syllables go first: "fangang" is fang ang, not fan gang.
    """
    split: list[str] = []
    parts = typed.casefold().split()
    for number, part in enumerate(parts, start=1):
        pieces = _split(part, may_be_cut=number == len(parts))
        if not pieces:
            return []
        split += pieces
    return split


def _split(part: str, *, may_be_cut: bool) -> list[str]:
    if not part:
        return []
    for length in range(min(len(part), 6), 0, -1):
        head, rest = part[:length], part[length:]
        if head not in syllables_known():
            continue
        if not rest:
            return [head]
        if tail := _split(rest, may_be_cut=may_be_cut):
            return [head, *tail]
        if may_be_cut and _begins_syllable(rest):
            return [head, rest]
    return []


def _begins_syllable(text: str) -> bool:
    return any(syllable.startswith(text) for syllable in syllables_known())


@cache
def syllables_known() -> frozenset[str]:
    """Return every toneless syllable of the dictionary, ü as v."""
    readings = {reading for line in PINYIN_DICT.values() for reading in line.split(",")}
    plain = {convert(reading, Style.NORMAL, strict=False) for reading in readings}
    return frozenset(one for one in plain if one.isascii() and set(one) & set("aeiouv"))


def _readings(char: str) -> Iterator[str]:
    """The readings of running text, the two commonest ones."""
    yield from pinyin(char, style=Style.NORMAL, heteronym=True)[0][:2]


@cache
def _surnames_by_other_reading() -> dict[str, list[tuple[str, str]]]:
    found = defaultdict(list)
    for char, kept in SURNAMES.items():
        for other in {*_readings(char)} - {kept}:
            found[other].append((char, kept))
    for char, other in SURNAMES_READ_TWICE.items():
        found[other].append((char, _reading(char)))
    return found


@cache
def _given_by_other_reading() -> dict[str, list[tuple[str, str]]]:
    found = defaultdict(list)
    for char in GIVEN_READ_TWICE:
        kept = _reading(char)
        for other in {*_readings(char)} - {kept}:
            found[other].append((char, kept))
    return found
