"""Names of people and firms, drawn from lists of common characters."""

from __future__ import annotations

import random

from unionportal.core.identifiers.names import MIDDLE_DOT
from unionportal.synthetic import words


def full_name(dice: random.Random, *, is_male: bool | None = None) -> str:
    """Return a name of two or three characters; now and then a dotted one."""
    if dice.random() < 0.004:
        return f"{dice.choice(words.DOTTED_FIRST)}{MIDDLE_DOT}{dice.choice(words.DOTTED_LAST)}"
    if is_male is None:
        is_male = dice.random() < 0.6
    own = words.GIVEN_MALE if is_male else words.GIVEN_FEMALE
    rare = dice.random() < 0.01
    surname = dice.choice(words.DOUBLE_SURNAMES) if rare else _surname(dice)
    given = dice.choice(own)
    if dice.random() < 0.72:
        given = dice.choice(words.GIVEN_BOTH) + given
    return surname + given


def _surname(dice: random.Random) -> str:
    """The first ones of the list are the commonest, as in life."""
    place = int(len(words.SURNAMES) * dice.random() ** 1.8)
    return words.SURNAMES[place]


def misheard(name: str) -> str:
    """Return the name as somebody writes it who only heard it; None of its sounds changes."""
    for place, char in enumerate(name[1:], start=1):
        if char in words.SOUND_ALIKES:
            return name[:place] + words.SOUND_ALIKES[char] + name[place + 1 :]
    return name


def mistyped(phone: str, dice: random.Random) -> str:
    """Return the phone with two neighbouring digits swapped, somewhere after the prefix."""
    places = [p for p in range(3, len(phone) - 1) if phone[p] != phone[p + 1]]
    if not places:
        return phone
    p = dice.choice(places)
    return phone[:p] + phone[p + 1] + phone[p] + phone[p + 2 :]
