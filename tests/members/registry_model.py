"""The registry in plain Python: who counted where on which day; no line of the portal's code.

A stay (a membership) is a mapping day → place. Days are numbers, 0 to `LAST`; `LAST` is today.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

LAST = 30
NEVER_ENDS = 10_000
OPEN = ("active", "retained")
Place = tuple[str, str]  # unit, group


class Expected(Exception):
    """The registry must refuse this, with this code."""


@dataclass
class Stay:
    owner: str
    joined: int
    days: dict[int, Place]
    join_place: Place
    state: str = "active"
    ended: int | None = None
    # Since when the member has belonged to the unit of today.
    since: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def end(self) -> int:
        return NEVER_ENDS if self.ended is None else self.ended

    @property
    def place(self) -> Place:
        return self.days[LAST]

    def mark(self) -> tuple[str, int | None]:
        return self.state, self.ended

    def end_on(self, day: int, state: str) -> None:
        self.days = {one: place for one, place in self.days.items() if one < day}
        self.ended, self.state = day, state


@dataclass
class Merge:
    survivor: str
    merged: str
    moved: list[str]
    before: dict[str, tuple[dict[int, Place], str, int | None]]
    after: dict[str, tuple[str, int | None]]
    records: list[str]


@dataclass
class Registry:
    """What must be true."""

    stays: dict[str, Stay] = field(default_factory=dict)
    # Document → the record it was entered on; record → the one it was merged into.
    documents: dict[str, str] = field(default_factory=dict)
    merged_into: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, tuple[str, Place]] = field(default_factory=dict)
    merges: dict[str, Merge] = field(default_factory=dict)
    closed_units: set[str] = field(default_factory=set)
    # Stays somebody acted on since they were opened.
    touched: set[str] = field(default_factory=set)

    def people(self) -> list[str]:
        return [one for one in sorted(set(self.documents.values())) if one not in self.merged_into]

    def owner(self, document: str) -> str | None:
        record = self.documents.get(document)
        return None if record is None else self.merged_into.get(record, record)

    def of(self, person: str | None) -> list[tuple[str, Stay]]:
        found = [item for item in self.stays.items() if item[1].owner == person]
        return [item for item in found if item[1].state != "annulled"]

    def is_member(self, person: str | None) -> bool:
        return any(stay.is_open for _key, stay in self.of(person))

    # --- what officers do ---

    def apply(self, document: str) -> None:
        if self.is_member(self.owner(document)):
            raise Expected("already_member")
        if document in [known for known, _place in self.waiting.values()]:
            raise Expected("open_application")

    def may_approve(self, applications: list[str], day: int) -> None:
        documents = [self.waiting[one][0] for one in applications]
        owners = [self.owner(document) or document for document in documents]
        if len(set(owners)) < len(owners) or any(self.is_member(one) for one in owners):
            raise Expected("already_member")
        if any(stay.end > day for one in owners for _key, stay in self.of(one)):
            raise Expected("member_then")

    def approve(self, application: str, person: str, stay: str, day: int) -> None:
        document, place = self.waiting.pop(application)
        self.documents.setdefault(document, person)
        days = dict.fromkeys(range(day, LAST + 1), place)
        self.stays[stay] = Stay(person, day, days, place, since=day)

    def verdict(self, document: str, place: Place, day: int) -> str:
        """The verdict a register gives a row: new, or why it is left alone."""
        owner = self.owner(document)
        waits = document in [known for known, _place in self.waiting.values()]
        for _key, stay in self.of(owner):
            if stay.is_open:
                return self._open_verdict(stay, place, day)
        if waits:
            return "held"
        own = [stay for _key, stay in self.of(owner) if stay.end > day]
        return "held" if own else "new"

    def _open_verdict(self, stay: Stay, place: Place, day: int) -> str:
        if stay.place[0] != place[0]:
            return "elsewhere"
        return "unchanged" if (stay.joined, stay.place) == (day, place) else "held"

    def load(self, document: str, person: str, key: str, place: Place, day: int) -> None:
        self.documents.setdefault(document, person)
        days = dict.fromkeys(range(day, LAST + 1), place)
        self.stays[key] = Stay(person, day, days, place, since=day)
        self.touched.discard(key)

    def undo_load(self, keys: list[str]) -> set[str]:
        """Annul what stands as it was loaded; return what was changed since and is kept."""
        kept = {key for key in keys if self.stays[key].state != "active" or key in self.touched}
        for key in keys:
            if key not in kept:
                self.annul(key)
        return kept

    def move(self, key: str, unit: str, day: int) -> None:
        self.touched.add(key)
        stay = self.stays[key]
        stay.since = max(day, stay.since)
        for one in range(stay.since, LAST + 1):
            stay.days[one] = (unit, stay.days[one][1])

    def end_unit(self, unit: str, heir: str) -> None:
        """The unit is gone; what waited for it waits for its heir."""
        self.closed_units.add(unit)
        for key, (document, place) in self.waiting.items():
            if place[0] == unit:
                self.waiting[key] = (document, (heir, place[1]))

    def close(self, key: str, state: str, day: int) -> None:
        stay = self.stays[key]
        stay.end_on(max(day, stay.joined), state)

    def annul(self, key: str) -> None:
        stay = self.stays[key]
        ended = max(LAST, stay.joined) if stay.ended is None else stay.ended
        stay.days, stay.state, stay.ended = {}, "annulled", ended

    # --- merge: day by day, whoever stays longest counts ---

    def merge(self, key: str, survivor: str, merged: str) -> None:
        both = {name: stay for one in (survivor, merged) for name, stay in self.of(one)}
        self.touched.update(both)
        before = {name: (dict(stay.days), *stay.mark()) for name, stay in both.items()}
        ranks = {
            name: (stay.end, -stay.joined, stay.owner == survivor) for name, stay in both.items()
        }
        for day in range(LAST + 1):
            there = [name for name in both if day in both[name].days]
            for name in there:
                if name != max(there, key=lambda one: ranks[one]):
                    del both[name].days[day]
        changed = [name for name, stay in both.items() if stay.days != before[name][0]]
        for name in changed:
            stay = both[name]
            if stay.days:
                stay.ended = max(stay.days) + 1
            else:
                stay.state = "annulled"
                stay.ended = max(LAST, stay.joined) if stay.ended is None else stay.ended
        moved = [name for name, stay in self.stays.items() if stay.owner == merged]
        for name in moved:
            self.stays[name].owner = survivor
        records = [one for one, into in self.merged_into.items() if into == merged] + [merged]
        self.merged_into.update(dict.fromkeys(records, survivor))
        self.merges[key] = Merge(
            survivor, merged, moved, {name: before[name] for name in changed},
            {name: both[name].mark() for name in changed}, records,
        )  # fmt: skip

    def may_unmerge(self, key: str) -> None:
        mine = self.merges[key]
        newer = list(self.merges)[list(self.merges).index(key) + 1 :]
        if mine.survivor in self.merged_into or any(
            self.merges[one].survivor == mine.survivor for one in newer
        ):
            raise Expected("merged_on")

    def unmerge(self, key: str) -> set[str]:
        """Take it back; return the stays that could not be put back."""
        mine, kept = self.merges.pop(key), set()
        owners = (mine.survivor, mine.merged)
        self.touched.update(name for name, stay in self.stays.items() if stay.owner in owners)
        for name in mine.moved:
            self.stays[name].owner = mine.merged
        for record in mine.records:
            self.merged_into[record] = mine.merged
        del self.merged_into[mine.merged]
        for name in reversed(list(mine.before)):
            stay, (days, state, ended) = self.stays[name], mine.before[name]
            others = [one for other, one in self.of(stay.owner) if other != name]
            taken = {day for other in others for day in other.days}
            is_homeless = state in OPEN and days[LAST][0] in self.closed_units
            if stay.mark() != mine.after[name] or taken & set(days) or is_homeless:
                kept.add(name)
            else:
                stay.days, stay.state, stay.ended = dict(days), state, ended
        return kept

    # --- what follows from it ---

    def net(self) -> Counter[tuple[str, str, str, int]]:
        """Every change of a count: (stay, unit, group, day) → +1 or −1."""
        found: Counter[tuple[str, str, str, int]] = Counter()
        for name, stay in self.stays.items():
            last: Place | None = None
            for day in range(LAST + 1):
                place = stay.days.get(day)
                if place != last:
                    if last:
                        found[name, *last, day] -= 1
                    if place:
                        found[name, *place, day] += 1
                last = place
        return Counter({cell: change for cell, change in found.items() if change})

    def count(self, day: int) -> int:
        """How many people count on a day; nobody twice."""
        there = [stay.owner for stay in self.stays.values() if day in stay.days]
        assert len(there) == len(set(there)), "the model itself counts somebody twice"
        return len(there)

    def today(self) -> Counter[Place]:
        return Counter(stay.place for stay in self.stays.values() if stay.is_open)

    def joins(self) -> Counter[tuple[str, str, int]]:
        counted = [stay for stay in self.stays.values() if stay.state != "annulled"]
        return Counter((*stay.join_place, stay.joined) for stay in counted)

    def units_by_day(self) -> dict[str, dict[int, Any]]:
        return {
            name: dict(stay.days) for name, stay in self.stays.items() if stay.state != "annulled"
        }
