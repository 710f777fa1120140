"""Toneless pinyin of names, for sorting and for finding people by what one can type.

pypinyin reads characters as in running text; a surname often has a reading of its own (单 is shan,
not dan), so surnames come from a table. Readings are cached per character: a district has about
three thousand distinct ones among a hundred thousand names.
"""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, pinyin

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
}
# Only those that character by character would read otherwise.
DOUBLE_SURNAMES = {
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "澹台": "tan tai",
}


def pinyin_key(name: str) -> str:
    """Return syllables joined by spaces, lower case, ü as v: 单小芳 → "shan xiao fang"."""
    return " ".join(_syllables(name))


def initials(name: str) -> str:
    """Return the first letter of each syllable: 单小芳 → "sxf"."""
    return "".join(syllable[0] for syllable in _syllables(name))


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
