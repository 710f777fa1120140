"""Administrative division codes (GB/T 2260), with those abolished since 1980.

The list is the one python-stdnum ships (`stdnum/cn/loc.dat`): codes with the years they were in
force, so that a number given out in a place that is gone is known too (domain.md section 4.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from stdnum import numdb

# GB/T 2260 gives it to nobody: the province of made-up people.
SYNTHETIC_PROVINCE = "49"
LENGTH = 6
# "[1983-2021]吉利区": a name and the years it was in force.
_DATED = re.compile(r"\[(?P<first>\d{4})?-(?P<last>\d{4})?\](?P<name>[^,]+)")


@dataclass(frozen=True, slots=True)
class Division:
    """A county, city or province: `until` is the last year of an abolished one, else None."""

    code: str
    province: str
    name: str
    until: int | None = None

    def __str__(self) -> str:
        is_whole_province = self.code.endswith("0000")
        return self.name if is_whole_province else f"{self.province}{self.name}"


@cache
def find(code: str) -> Division | None:
    """Return the division of the first six digits of `code` by its latest name, or None."""
    parts = numdb.get("cn/loc").info(code[:LENGTH])
    found = {key: value for _part, values in parts for key, value in values.items()}
    if "province" not in found or "county" not in found:
        return None
    name, until = _latest(found["county"])
    return Division(code[:LENGTH], found["province"], name, until)


def _latest(county: str) -> tuple[str, int | None]:
    dated = list(_DATED.finditer(county))
    if not dated:
        return county, None
    last = dated[-1]
    return last["name"], int(last["last"]) if last["last"] else None


def is_known(code: str) -> bool:
    """Say whether the first six digits were ever a division; those of made-up people are."""
    return code[:2] == SYNTHETIC_PROVINCE or find(code) is not None
