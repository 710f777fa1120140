"""How personal data looks when it is not revealed (domain.md §5, "Masking habits").

A masked value never grows back: values too short to mask safely become stars altogether.
"""

from __future__ import annotations

import re

STAR = "*"
NAME_PARTS = re.compile(r"([\u00b7\u2022\u30fb ])")
SHORTEST_ID_WITH_TAIL = 15


def mask_name(name: str) -> str:
    """Return 张*, 张*三, 欧**丹; of a dotted or spaced name the first character of each part."""
    parts = NAME_PARTS.split(name.strip())
    if len(parts) > 1:
        return "".join(_first_only(part) if i % 2 == 0 else part for i, part in enumerate(parts))
    if len(name) < 2:
        return STAR * len(name)
    return _first_only(name) if len(name) == 2 else _keep(name, 1, 1)


def mask_id(number: str) -> str:
    """Return 4901**********1051 for staff screens; of a short document only both ends."""
    return _keep(number, 4, 4) if len(number) >= SHORTEST_ID_WITH_TAIL else _keep(number, 1, 1)


def mask_id_public(number: str) -> str:
    """Return 4***…7 for public notices."""
    return f"{number[0]}***…{number[-1]}" if len(number) > 2 else STAR * len(number)


def mask_phone(number: str) -> str:
    """Return 138****1234."""
    return _keep(number, 3, 4)


def mask_card(number: str) -> str:
    """Return the last four digits of a card."""
    return number[-4:] if len(number) > 8 else STAR * len(number)


def mask_plate(number: str) -> str:
    """Return 豫A**345."""
    return _keep(number, 2, 3)


def _first_only(text: str) -> str:
    return text[:1] + STAR * (len(text) - 1)


def _keep(text: str, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    return text[:head] + STAR * hidden + text[-tail:] if hidden > 0 else STAR * len(text)
