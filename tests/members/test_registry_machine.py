"""Any sequence of what officers do counts nobody twice and nobody zero times.

Hypothesis draws the sequences; after each step the database is compared with the model in
registry_model.py: the movements by unit, group and day, the monthly flows, the rows, where each
member belonged on each day, whom each document leads to.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone, translation
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from members.actions import applications, memberships, reorganisation, unit_changes
from members.merging.actions import merge_people, unmerge_people
from members.models import (
    Affiliation,
    Application,
    DuplicatePair,
    GroupMembership,
    ImportBatch,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
    PersonMerge,
    UnionUnit,
)
from members.queries import members_as_of, owners_of
from members.transfers import actions as transfers
from members.transfers import bulk
from tests.factories import members as make
from tests.members.registry_files import load_preview, member, register, undo, write
from tests.members.registry_model import LAST, Expected, Registry
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused

pytestmark = pytest.mark.django_db
GROUPS = ("PARCEL_COURIER", "SECURITY_GUARD")
# A load reads a file in a process of its own: few of them a sequence.
LOADS = 2
days = st.integers(0, LAST)
picks = st.integers(0, 10_000)


class World:
    """The district the sequences run in: made once, everything after it is rolled back."""

    district: Any = None
    officer: Any = None
    second: Any = None
    steps = 0


class RegistryMachine(RuleBasedStateMachine):
    """One sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.sequence = transaction.atomic()
        self.sequence.__enter__()
        self.model = Registry()
        self.first_day = timezone.localdate() - timedelta(days=LAST)
        place = World.district
        self.units: dict[str, UnionUnit] = {
            str(unit.pk): unit for unit in (place.firm_a, place.pool_a, place.firm_b)
        }
        # Of every unit there ever was, so that the past can be counted.
        self.areas = {key: unit.area_id for key, unit in self.units.items()}
        self.groups = {code: make.group(code) for code in GROUPS}
        # Register loads: their import → the stays they made, none once undone.
        self.loads: dict[str, list[str]] = {}
        self.serial = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.sequence.__exit__(None, None, None)

    # --- helpers ---

    def day(self, number: int) -> date:
        return self.first_day + timedelta(days=number)

    def number(self, day: date | None) -> int:
        return LAST if day is None else (day - self.first_day).days

    def place(self, pick: int) -> tuple[str, str]:
        unit = sorted(self.units)[pick % len(self.units)]
        return unit, GROUPS[pick // 7 % len(GROUPS)]

    def expect(self, check: Any, act: Any) -> Any:
        """Do `act`; it is refused with the code the model expects, or not at all."""
        code = self.refused_with(check)
        if code:
            with pytest.raises(Refused) as refusal, transaction.atomic():
                act()
            assert refusal.value.code == code
            return None
        with transaction.atomic():
            return act()

    def refused_with(self, check: Any) -> str:
        try:
            check()
        except Expected as expected:
            return str(expected)
        return ""

    def stays(self, *states: str) -> list[str]:
        found = self.model.stays.items()
        return sorted(key for key, stay in found if not states or stay.state in states)

    def membership(self, key: str) -> Membership:
        return Membership.objects.select_related("unit").get(pk=key)

    def a_document(self) -> str:
        self.serial += 1
        return make.id_number(self.serial)

    # --- applying ---

    def submit(self, document: str, place: tuple[str, str]) -> None:
        candidate = make.candidate(
            self.units[place[0]], group=self.groups[place[1]], id_number=document
        )
        made = self.expect(
            lambda: self.model.apply(document),
            lambda: applications.submit(by=SYSTEM, candidate=candidate),
        )
        if made is not None:
            self.model.waiting[str(made.pk)] = (document, place)

    @initialize(count=st.integers(1, 3), pick=picks, day=days)
    def begin(self, count: int, pick: int, day: int) -> None:
        for number in range(count):
            self.submit(self.a_document(), self.place(pick + number))
        self.decide(sorted(self.model.waiting), day)

    @rule(pick=picks)
    def apply(self, pick: int) -> None:
        self.submit(self.a_document(), self.place(pick))

    @precondition(lambda self: self.model.documents)
    @rule(pick=picks)
    def apply_again(self, pick: int) -> None:
        known = sorted(self.model.documents)
        self.submit(known[pick % len(known)], self.place(pick))

    @rule(pick=picks, count=st.integers(1, 4), day=days)
    def roster(self, pick: int, count: int, day: int) -> None:
        """A firm's list: new people, people on file, one of them twice."""
        known = sorted(self.model.documents)[pick % 5 :][:2]
        rows = [*known, *(self.a_document() for _each in range(count))]
        rows.append(rows[0])
        place = self.place(pick)
        unit, group = self.units[place[0]], self.groups[place[1]]
        candidates = [make.candidate(unit, group=group, id_number=row) for row in rows]
        expected = [
            row for row in dict.fromkeys(rows)
            if not self.refused_with(lambda row=row: self.model.apply(row))
        ]  # fmt: skip
        made = applications.submit_many(by=SYSTEM, candidates=candidates)
        assert [one.id_number for one in made] == expected
        for one in made:
            self.model.waiting[str(one.pk)] = (one.id_number, place)
        if made:
            self.decide([str(one.pk) for one in made], day)

    @precondition(lambda self: self.model.waiting)
    @rule(pick=picks, count=st.integers(1, 3), day=days)
    def approve(self, pick: int, count: int, day: int) -> None:
        known = sorted(self.model.waiting)
        start = pick % len(known)
        self.decide(known[start : start + count], day)

    def decide(self, keys: list[str], day: int) -> None:
        rows = Application.objects.filter(pk__in=keys)
        done = self.expect(
            lambda: self.model.may_approve(keys, day),
            lambda: applications.approve(
                by=World.officer, applications=rows, decided_on=self.day(day), signer="王主席"
            ),
        )
        if done is not None:
            for row in rows.select_related("membership"):
                self.model.approve(str(row.pk), str(row.person_id), str(row.membership_id), day)

    # --- where members belong ---

    @precondition(lambda self: self.stays("active", "retained"))
    @rule(pick=picks, day=days, by_case=st.booleans())
    def transfer(self, pick: int, day: int, by_case: bool) -> None:
        keys = self.stays("active", "retained")
        key, (unit, _group) = keys[pick % len(keys)], self.place(pick)
        stay = self.model.stays[key]
        if unit == stay.place[0]:
            return
        if by_case:
            self.by_case(key, unit, max(day, stay.since))
        else:
            memberships.move_to_unit(
                membership=self.membership(key), unit=self.units[unit], by=SYSTEM,
                moved_on=self.day(day),
            )  # fmt: skip
        self.model.move(key, unit, day)

    def by_case(self, key: str, unit: str, day: int) -> None:
        case = transfers.push(
            by=World.officer, membership=self.membership(key), unit=self.units[unit],
            paper=make.scan(),
        )  # fmt: skip
        transfers.accept(by=World.officer, transfer=case, moves_on=self.day(day))

    @precondition(lambda self: len(self.units) < 6)
    @rule(pick=picks, day=days)
    def split(self, pick: int, day: int) -> None:
        """The members of one group leave for a new unit."""
        unit, group = self.place(pick)
        made = make.unit(UnionUnit.objects.get(pk=World.district.unit_a.pk))
        unit_changes.split_unit(
            by=World.officer, unit=self.units[unit], into=made, paper=self.paper(day),
            part=unit_changes.Part(groups=[group]),
        )  # fmt: skip
        self.units[str(made.pk)] = made
        self.areas[str(made.pk)] = made.area_id
        for key in self.members_of(unit):
            if self.model.stays[key].place[1] == group:
                self.model.move(key, str(made.pk), day)

    @precondition(lambda self: len(self.units) > 2)
    @rule(pick=picks, day=days, is_merger=st.booleans())
    def end_a_unit(self, pick: int, day: int, is_merger: bool) -> None:
        """Two units become one, or one closes and its members go elsewhere."""
        source, _group = self.place(pick)
        others = sorted(set(self.units) - {source})
        target = others[pick // 13 % len(others)]
        old, new = (UnionUnit.objects.get(pk=one) for one in (source, target))
        values = {"by": World.officer, "paper": self.paper(day)}
        if is_merger:
            unit_changes.merge_units(units=[old], into=new, **values)
        else:
            unit_changes.close_unit(unit=old, to=new, **values)
        for key in self.members_of(source):
            self.model.move(key, target, day)
        self.model.end_unit(source, target)
        del self.units[source]

    @precondition(lambda self: self.stays("active", "retained"))
    @rule(pick=picks, day=days)
    def transfer_many(self, pick: int, day: int) -> None:
        """Every other member of a unit, at once."""
        source, _group = self.place(pick)
        target = sorted(self.units)[(pick + 1) % len(self.units)]
        keys = self.members_of(source)[::2] if source != target else []
        reorganisation.transfer_members(
            by=World.officer, memberships=Membership.objects.filter(pk__in=keys),
            unit=self.units[target], moved_on=self.day(day),
        )  # fmt: skip
        for key in keys:
            self.model.move(key, target, day)

    @precondition(lambda self: self.stays("active", "retained"))
    @rule(pick=picks, day=days)
    def move_in_bulk(self, pick: int, day: int) -> None:
        """The members of one group, chosen by filter as an officer does."""
        source, group = self.place(pick)
        target = sorted(self.units)[(pick + 1) % len(self.units)]
        keys = [key for key in self.members_of(source) if self.model.stays[key].place[1] == group]
        if source == target:
            return
        move = bulk.BulkMove(
            source=UUID(source), target=UUID(target), moved_on=self.day(day), reason="closed",
            group=group,
        )  # fmt: skip
        assert bulk.run(by=World.officer, move=move, expected=len(keys)) == len(keys)
        for key in keys:
            self.model.move(key, target, day)

    # --- a register, loaded and taken back ---

    @precondition(lambda self: len(self.loads) < LOADS)
    @rule(pick=picks, count=st.integers(1, 3), day=days)
    def load(self, pick: int, count: int, day: int) -> None:
        """New people and people on file; each row gets the verdict the model expects."""
        place = self.place(pick)
        documents = [*self.some_known(pick), *(self.a_document() for _each in range(count))]
        expected = [self.model.verdict(one, place, day) for one in documents]
        rows = [self.row(document, place, day) for document in documents]
        batch = load_preview(World.officer, self.units[place[0]], register(rows))
        found = dict(batch.rows.order_by("number").values_list("number", "verdict"))
        assert list(found.values()) == expected
        batch = write(batch, World.second)
        keys = []
        written = batch.rows.filter(verdict="new").order_by("number")
        for number, key in written.values_list("number", "membership_id"):
            made = Membership.objects.get(pk=key)
            document = documents[number - min(found)]
            self.model.load(document, str(made.person_id), str(key), place, day)
            keys.append(str(key))
        self.loads[str(batch.pk)] = keys

    def some_known(self, pick: int) -> list[str]:
        """Two documents on file, of two people."""
        known = sorted(self.model.documents)[pick % 5 :]
        owners = {self.model.owner(document): document for document in known}
        return list(owners.values())[:2]

    def row(self, document: str, place: tuple[str, str], day: int) -> list[object]:
        owner = self.model.owner(document)
        name = Person.objects.get(pk=owner).name if owner else "测试员甲"
        group = self.groups[place[1]].name_zh
        return member(
            1, 姓名=name, 证件号码=document, 手机号="", 工作类别=group, 入会日期=str(self.day(day))
        )

    @precondition(lambda self: any(self.loads.values()))
    @rule(pick=picks)
    def undo_a_load(self, pick: int) -> None:
        waiting = sorted(key for key, stays in self.loads.items() if stays)
        key = waiting[pick % len(waiting)]
        batch = undo(ImportBatch.objects.get(pk=key), World.officer)
        kept = batch.rows.exclude(kept_because="").values_list("membership_id", flat=True)
        assert {str(one) for one in kept} == self.model.undo_load(self.loads[key])
        self.loads[key] = []

    def members_of(self, unit: str) -> list[str]:
        keys = self.stays("active", "retained")
        return [key for key in keys if self.model.stays[key].place[0] == unit]

    def paper(self, day: int) -> unit_changes.Paper:
        return unit_changes.Paper(reason="reorganised", day=self.day(day))

    # --- standing ---

    @precondition(lambda self: self.stays("active"))
    @rule(pick=picks)
    def retain(self, pick: int) -> None:
        keys = self.stays("active")
        key = keys[pick % len(keys)]
        memberships.retain(membership=self.membership(key), by=SYSTEM, reason_code="unemployment")
        self.model.stays[key].state = "retained"
        self.model.touched.add(key)

    @precondition(lambda self: self.stays("retained"))
    @rule(pick=picks)
    def reactivate(self, pick: int) -> None:
        keys = self.stays("retained")
        key = keys[pick % len(keys)]
        memberships.reactivate(membership=self.membership(key), by=SYSTEM)
        self.model.stays[key].state = "active"
        self.model.touched.add(key)

    @precondition(lambda self: self.stays("active", "retained"))
    @rule(pick=picks, day=days)
    def resign(self, pick: int, day: int) -> None:
        keys = self.stays("active", "retained")
        key = keys[pick % len(keys)]
        memberships.close(
            membership=self.membership(key), verb="resign", by=SYSTEM, reason="own wish",
            ended_on=self.day(day),
        )  # fmt: skip
        self.model.close(key, "resigned", day)

    @precondition(lambda self: self.stays("active", "retained", "resigned"))
    @rule(pick=picks)
    def annul(self, pick: int) -> None:
        keys = self.stays("active", "retained", "resigned")
        key = keys[pick % len(keys)]
        memberships.close(membership=self.membership(key), verb="annul", by=SYSTEM, reason="a slip")
        self.model.annul(key)

    # --- one person, two records ---

    @precondition(lambda self: len(self.model.people()) > 1)
    @rule(pick=picks, takes_document=st.booleans())
    def merge(self, pick: int, takes_document: bool) -> None:
        people = self.model.people()
        survivor = people[pick % len(people)]
        others = [one for one in people if one != survivor]
        merged = others[pick // 11 % len(others)]
        first, second = sorted((survivor, merged))
        ids = {"first_id": first, "second_id": second}
        DuplicatePair.objects.get_or_create(**ids, defaults={"evidence": [], "strength": 1})
        pair = DuplicatePair.objects.get(**ids)
        made = merge_people(
            by=World.officer, pair=pair, survivor=Person.objects.get(pk=survivor), reason="same",
            choices={"document": "merged"} if takes_document else {},
        )  # fmt: skip
        self.model.merge(str(made.pk), survivor, merged)

    @precondition(lambda self: self.model.merges)
    @rule(pick=picks)
    def unmerge(self, pick: int) -> None:
        keys = list(self.model.merges)
        key = keys[pick % len(keys)]
        merge = PersonMerge.objects.get(pk=key)
        done = self.expect(
            lambda: self.model.may_unmerge(key),
            lambda: unmerge_people(by=World.officer, merge=merge, reason="two people"),
        )
        if done is not None:
            kept = {row["id"] for row in done.kept if row["what"] == "members.Membership"}
            assert kept == self.model.unmerge(key)

    # --- after every step ---

    @invariant()
    def all_agree(self) -> None:
        World.steps += 1
        self.movements_are_the_model()
        self.flows_are_the_movements()
        self.rows_are_the_model()
        self.places_tile_the_memberships()
        self.documents_lead_to_their_people()

    def movements_are_the_model(self) -> None:
        rows = Movement.objects.values_list("membership", "unit", "group", "day")
        net = Counter(
            {
                (str(one), str(unit), group, self.number(day)): change
                for one, unit, group, day, change in rows.annotate(n=Sum("delta"))
                if change
            }
        )
        assert net == self.model.net()
        for day in (0, LAST // 2, LAST):
            assert members_as_of(World.officer, self.day(day)) == self.model.count(day)

    def flows_are_the_movements(self) -> None:
        stocks: Counter[Any] = Counter()
        joins: Counter[Any] = Counter()
        for (_stay, unit, group, day), change in self.model.net().items():
            stocks[self.cell(unit, group, day)] += change
        for (unit, group, day), count in self.model.joins().items():
            joins[self.cell(unit, group, day)] += count
        found = MonthlyFlow.objects.values_list("area", "group", "month", "came", "went", "joined")
        rows = list(found)
        assert Counter({row[:3]: row[3] - row[4] for row in rows if row[3] != row[4]}) == Counter(
            {cell: change for cell, change in stocks.items() if change}
        )
        assert Counter({row[:3]: row[5] for row in rows if row[5]}) == joins

    def cell(self, unit: str, group: str, day: int) -> Any:
        return self.areas[unit], group, self.day(day).replace(day=1)

    def rows_are_the_model(self) -> None:
        rows = Membership.objects.values_list("pk", "person", "state", "joined_on", "ended_on")
        assert {
            str(pk): (str(person), state, self.number(joined), ended and self.number(ended))
            for pk, person, state, joined, ended in rows
        } == {
            key: (stay.owner, stay.state, stay.joined, stay.ended)
            for key, stay in self.model.stays.items()
        }
        now = Membership.objects.recorded().order_by().values_list("unit", "group")
        assert Counter((str(unit), group) for unit, group in now) == self.model.today()

    def places_tile_the_memberships(self) -> None:
        units = self.by_day(Affiliation.objects.values_list(
            "membership", "unit", "started_on", "ended_on"))  # fmt: skip
        groups = self.by_day(GroupMembership.objects.values_list(
            "membership", "group", "started_on", "ended_on"))  # fmt: skip
        for key, found in self.model.units_by_day().items():
            assert units.get(key, {}) == {day: place[0] for day, place in found.items()}
            assert groups.get(key, {}) == {day: place[1] for day, place in found.items()}

    def by_day(self, rows: Any) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        for key, what, start, end in rows:
            last = LAST + 1 if end is None else self.number(end)
            stay = found.setdefault(str(key), {})
            stay.update(dict.fromkeys(range(self.number(start), last), str(what)))
        return found

    def documents_lead_to_their_people(self) -> None:
        indexes = {
            make.index_of(document): self.model.owner(document) for document in self.model.documents
        }
        assert {index: str(owner) for index, owner in owners_of(list(indexes)).items()} == indexes
        assert Person.objects.count() == len(self.model.people())


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        RegistryMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            # A drawn sequence is told as it is: to shrink one takes many minutes.
            phases=[Phase.generate],
            report_multiple_bugs=False,
            derandomize="DEEP" not in os.environ,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def world(district, district_officer, make_user):
    World.district, World.officer, World.steps = district, district_officer, 0
    World.second = make_user("second", "district_officer")
    with translation.override("en"):
        yield


def test_nobody_counts_twice_or_zero_times(world):
    _run(examples=8, steps=40)
    assert World.steps > 100


@pytest.mark.deep
def test_nobody_counts_twice_or_zero_times_in_20000_steps(world):
    while World.steps < 20_000:
        _run(examples=100, steps=60)
