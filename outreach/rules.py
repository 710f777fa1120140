"""Pure rules of drives: codes, tree paths, pace."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterable

from unionportal.core.rates import share

# Without the pairs people mix up on paper: 0 O, 1 I L, 5 S, 8 B, U V.
CODE_LETTERS = "234679ACDEFGHJKMNPQRTWXYZ"
CODE_LENGTH = 8
CODE_PATTERN = f"^[{CODE_LETTERS}]{{{CODE_LENGTH}}}$"
NOT_CODE = re.compile(r"[\s\-\u2010-\u2015]")
STEP_LENGTH = 4  # characters per level in an area's tree path

FAR = 20  # points off the plan that ask for attention
NEAR = 8


def new_code() -> str:
    """Return a random code of eight letters and digits that cannot be mixed up."""
    return "".join(secrets.choice(CODE_LETTERS) for _place in range(CODE_LENGTH))


def read_code(typed: str) -> str:
    """Return a code as stored from what somebody typed; "" when it cannot be one."""
    code = NOT_CODE.sub("", typed).upper()
    return code if re.fullmatch(CODE_PATTERN, code) else ""


def spaced(code: str) -> str:
    """Return the code in two halves, as printed: K7QM 24RT."""
    return f"{code[:4]} {code[4:]}"


def ancestors_of(paths: Iterable[str]) -> set[str]:
    """Return the tree paths above `paths`, without the paths themselves."""
    return {path[:end] for path in paths for end in range(STEP_LENGTH, len(path), STEP_LENGTH)}


def covering(path: str, candidates: Iterable[str]) -> str | None:
    """Return the deepest of `candidates` that is `path` or lies above it; None without one."""
    over = [candidate for candidate in candidates if path.startswith(candidate)]
    return max(over, key=len, default=None)


def days_gone(started_on: dt.date, ended_on: dt.date, today: dt.date) -> tuple[int, int]:
    """Return days gone (today included) and days in all of the half-open period."""
    total = (ended_on - started_on).days
    return min(max((today - started_on).days + 1, 0), total), total


def pace(actual: int, target: int, gone: int, total: int) -> str:
    """Return "", behind-1, behind-2, ahead-1 or ahead-2: points between result and plan."""
    done, plan = share(actual, target, 1), share(gone, total, 1)
    if done is None or plan is None:
        return ""
    gap = done - plan
    side = "behind" if gap < 0 else "ahead"
    if abs(gap) >= FAR:
        return f"{side}-2"
    return f"{side}-1" if abs(gap) >= NEAR else ""


def needed_a_week(actual: int, target: int, days_left: int) -> int | None:
    """Return how many a week reach the target in time, rounded up; None when no day is left."""
    missing = max(0, target - actual)
    if days_left <= 0:
        return None
    return min(missing, -(-missing * 7 // days_left))
