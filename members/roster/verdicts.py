"""The verdict on each row: new, known, duplicate, held for decision, or rejected.

Order: what cannot be read is rejected; the same person twice in the file is a duplicate when the
rows agree and held when they do not; then the portal is asked, once a chunk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Value

from members.actions.candidates import person_index
from members.models import Application, Membership, RosterImport, UnionUnit
from members.models.people import IdType
from members.roster.reading import ReadRow
from members.roster.texts import Problem
from members.states import OPEN_APPLICATION, Verdict
from unionportal.core.identifiers import compare_key
from unionportal.core.models import User
from unionportal.core.roles import Permission

PHONE_SHARED_BY = 3
# What the portal answers about a person, the one that counts most first.
MEMBER_HERE, APPLIED_HERE, NOT_HERE = "member_here", "applied_here", "not_here"
WEIGHT = {MEMBER_HERE: 0, APPLIED_HERE: 1, NOT_HERE: 2}


@dataclass(slots=True)
class Judged:
    """A read row with its verdict."""

    read: ReadRow
    verdict: Verdict
    problems: list[Problem]
    id_index: UUID | None = None


class First(NamedTuple):
    """The first row of a person in the file."""

    number: int
    verdict: Verdict
    name_key: str
    phone: str
    group: str


def reachable_units(user: User) -> frozenset[UUID]:
    """Return the units `user` enrols for; somebody outside them is not told about."""
    return frozenset(
        UnionUnit.objects.visible_to(user, Permission.ENROL).values_list("pk", flat=True)
    )


def known_people(indexes: list[UUID], units: frozenset[UUID]) -> dict[UUID, str]:
    """Return what the portal knows about people by blind index, in one query.

    Codes: `member_here` and `applied_here` inside `units`; `not_here` for anything outside, so
    that nothing is disclosed (domain.md 2, bad-input corpus 19).
    """
    # Two ways to a member, so that each goes through an index: the own number, a merged record's.
    members = Membership.objects.recorded().order_by()
    own = members.filter(person__id_index__in=indexes)
    merged = members.filter(person__merged__id_index__in=indexes)
    waiting = Application.objects.filter(id_index__in=indexes, state__in=OPEN_APPLICATION)
    found = own.values_list("person__id_index", "unit_id", Value(MEMBER_HERE, CharField())).union(
        merged.values_list("person__merged__id_index", "unit_id", Value(MEMBER_HERE, CharField())),
        waiting.order_by().values_list("id_index", "unit_id", Value(APPLIED_HERE, CharField())),
        all=True,
    )
    known: dict[UUID, str] = {}
    for index, unit_id, code in found:
        answer = code if unit_id in units else NOT_HERE
        if index not in known or WEIGHT[answer] < WEIGHT[known[index]]:
            known[index] = answer
    return known


@dataclass
class Judge:
    """Judges the rows of one file, chunk by chunk; remembers who was seen."""

    units: frozenset[UUID]
    counts: Counter[str] = field(default_factory=Counter)
    # Rows judged before, by number, that a later row puts in doubt.
    doubted: dict[int, Problem] = field(default_factory=dict)
    firsts: dict[UUID, First] = field(default_factory=dict)
    phones: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: RosterImport) -> Judge:
        return cls(reachable_units(batch.created_by))

    def judge(self, rows: list[ReadRow]) -> list[Judged]:
        """Return the verdicts on a chunk of rows; one query."""
        indexes = [
            None if row.problems else person_index(IdType.CITIZEN, row.cleaned["id_number"])
            for row in rows
        ]
        known = known_people([index for index in indexes if index], self.units)
        return [
            self._reject(row) if index is None else self._judge(row, index, known.get(index, ""))
            for row, index in zip(rows, indexes, strict=True)
        ]

    @property
    def shared_phones(self) -> list[list[int]]:
        """Return the row numbers of each phone that stands for more than three people."""
        return [rows for rows in self.phones.values() if len(rows) > PHONE_SHARED_BY]

    def _reject(self, row: ReadRow) -> Judged:
        self.counts[Verdict.REJECTED] += 1
        return Judged(row, Verdict.REJECTED, row.problems + row.notes)

    def _judge(self, row: ReadRow, index: UUID, known: str) -> Judged:
        problem: Problem | None
        if first := self.firsts.get(index):
            verdict, problem = self._compare(row, first, index)
        else:
            verdict, problem = _answer(known)
            self._remember(row, index, verdict)
        self.counts[verdict] += 1
        return Judged(row, verdict, ([problem] if problem else []) + row.notes, index)

    def _remember(self, row: ReadRow, index: UUID, verdict: Verdict) -> None:
        values = row.cleaned
        name_key = compare_key(values["name"])
        self.firsts[index] = First(row.number, verdict, name_key, values["phone"], values["group"])
        self.phones.setdefault(values["phone"], []).append(row.number)

    def _compare(self, row: ReadRow, first: First, index: UUID) -> tuple[Verdict, Problem]:
        difference = _difference(row, first)
        if not difference:
            return Verdict.DUPLICATE, _problem("id_number", "same_row", row=first.number)
        if first.verdict != Verdict.HELD:
            self.counts[first.verdict] -= 1
            self.counts[Verdict.HELD] += 1
            self.firsts[index] = first._replace(verdict=Verdict.HELD)
        self.doubted.setdefault(
            first.number, _problem(difference, f"other_{difference}", row=row.number)
        )
        return Verdict.HELD, _problem(difference, f"other_{difference}", row=first.number)


def _difference(row: ReadRow, first: First) -> str:
    """Return the column in which two rows with one ID number differ, or nothing."""
    if compare_key(row.cleaned["name"]) != first.name_key:
        return "name"
    if row.cleaned["phone"] != first.phone:
        return "phone"
    return "group" if row.cleaned["group"] != first.group else ""


def _answer(known: str) -> tuple[Verdict, Problem | None]:
    if not known:
        return Verdict.NEW, None
    verdict = Verdict.HELD if known == NOT_HERE else Verdict.KNOWN
    return verdict, _problem("id_number", known)


def _problem(field_name: str, code: str, **params: int) -> Problem:
    return {"field": field_name, "code": code, "params": params}
