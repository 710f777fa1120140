"""The search box: a first page by what one types, beside an exact look-up of a whole name.

Both read 51 memberships through the ORM from the same units; the anchor is one equality of a
b-tree. The list of units in reach is made once for both, outside the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from benchmarks.narrow import fill_up
from benchmarks.plans import worst_node
from benchmarks.rounds import Goal, Pair
from members.lists import search
from members.lists.reach import members_in_reach
from members.models import MemberKey, Membership
from unionportal.core.models import User
from unionportal.core.paging import Keyset, Page

LOOKS = 40
PAGE = 51
ROWS = {"smoke": 0, "district": 1_000_000, "city": 1_000_000}
KINDS = ("first character", "2 characters", "3 characters", "pinyin", "initials", "phone tail")
CHECKED = 3


class Search:
    """Random texts of each kind, taken from names that are there."""

    def __init__(self, size: str, seed: int = 3) -> None:
        fill_up(ROWS[size])
        self.dice = Random(seed)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, pinyin, initials, phone_tail FROM members_memberkey "
                           "TABLESAMPLE SYSTEM (2) REPEATABLE (7) LIMIT 4000")  # fmt: skip
            self.samples = cursor.fetchall() or list(
                MemberKey.objects.values_list("name", "pinyin", "initials", "phone_tail")[:4000]
            )
        self.plans: dict[str, Any] = {}

    def pairs(self) -> Iterator[Pair]:
        for username in ("district", "street.yunhe"):
            base = members_in_reach(User.objects.get(username=username), is_search=True)
            for kind in KINDS:
                yield self._pair(username, base, kind)

    def _texts(self, kind: str) -> list[str]:
        made = {
            "first character": lambda row: row[0][0],
            "2 characters": lambda row: row[0][-2:],
            "3 characters": lambda row: row[0][:3],
            "pinyin": lambda row: row[1][:6],
            "initials": lambda row: row[2][:2],
            "phone tail": lambda row: row[3],
        }[kind]
        wanted = {"3 characters": 3, "2 characters": 2}.get(kind, 1)
        fitting = [row for row in self.samples if len(row[0]) >= wanted and row[3]]
        return [made(row) for row in self.dice.choices(fitting, k=LOOKS)]

    def _pair(self, username: str, base: QuerySet[Membership], kind: str) -> Pair:
        texts = self._texts(kind)
        names = [row[0] for row in self.dice.choices(self.samples, k=LOOKS)]
        found = [_first_page(base, search.read(text)) for text in texts]
        exact = [base.filter(key__name=name).order_by("pk")[:PAGE] for name in names]
        return Pair(
            key=f"{kind.replace(' ', '_')}_{username}",
            job=f"{kind} as {username}",
            candidate="first page",
            anchor="exact name, first page",
            run=lambda: [page() for page in found],
            run_anchor=lambda: [list(rows.all()) for rows in exact],
            goal=Goal(at_most=5),
            per=LOOKS,
            each="look",
            check=lambda: self._check(base, texts[:CHECKED], kind, username),
            details=lambda: {"plans": self.plans},
        )

    def _check(self, base: QuerySet[Membership], texts: list[str], kind: str, username: str) -> str:
        """Count what a few texts find against a plain reading of all people."""
        first = search.read(texts[0])
        rows = base.filter(first.parts[0] if first.parts else first.condition)
        self.plans[f"{kind} as {username}"] = worst_node(rows.order_by(*first.order)[:PAGE])
        for text in texts:
            reading = search.read(text)
            mine = base.filter(reading.condition).count()
            other = base.filter(_plainly(reading)).count()
            if mine < other or (kind != "pinyin" and mine != other):
                return f"“{text}” found {mine} of {other}"
        return ""


def _plainly(reading: search.Reading) -> Q:
    """Say the same without the key table's indexes; pinyin may find more, by other readings."""
    text = reading.text
    return {
        search.Kind.FIRST_CHARACTER: Q(person__name__startswith=text),
        search.Kind.CHARACTERS: Q(person__name__contains=text),
        search.Kind.PINYIN: Q(key__pinyin__startswith=text.replace(" ", "")),
        search.Kind.INITIALS: Q(person__name_initials__startswith=text),
        search.Kind.PHONE_TAIL: Q(person__phone_tail=text),
    }[reading.kind]


def _first_page(base: QuerySet[Membership], reading: search.Reading) -> Callable[[], Page]:
    keyset, rows = Keyset(*reading.order), base.filter(reading.condition)
    return lambda: keyset.cut(rows.all(), PAGE - 1, parts=reading.parts)
