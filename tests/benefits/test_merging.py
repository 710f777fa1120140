"""Two entitled records turn out to be one person: one right a cycle, one card, no money lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from benefits import ledger
from benefits.actions import cardfiles, entitlements
from benefits.models import Entitlement, MemberCard, PayeeAccount
from benefits.states.cards import Transport
from members.merging.actions import merge_people, unmerge_people
from members.merging.plan import plan_of
from members.merging.registry import Case
from members.models import Membership
from tests.factories import members, payouts
from tests.members.test_merging import pair_of
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused

pytestmark = pytest.mark.django_db
JAN, MAR = date(2026, 1, 10), date(2026, 3, 10)


def two(district: Any) -> tuple[Membership, Membership]:
    return tuple(
        payouts.entitled_member(unit, joined_on=day)
        for unit, day in ((district.firm_a, JAN), (district.firm_b, MAR))
    )  # type: ignore[return-value]


def merge(ours: Membership, theirs: Membership) -> Any:
    return merge_people(
        by=SYSTEM, pair=pair_of(ours.person, theirs.person), survivor=ours.person, choices={},
        reason="same",
    )  # fmt: skip


def rights(programme: Any) -> list[tuple[Any, ...]]:
    rows = Entitlement.objects.filter(programme=programme).order_by("created_at", "pk")
    return [(row.person_id, row.membership_id, row.state) for row in rows]


def test_the_right_of_a_merged_record_goes_to_the_survivor(district):
    ours = members.membership(district.firm_a, joined_on=JAN)
    theirs = payouts.entitled_member(district.firm_b, joined_on=MAR)
    programme = payouts.programme()
    entitlements.evaluate(programme)

    made = merge(ours, theirs)

    assert rights(programme) == [(ours.person.pk, ours.pk, "reserved")]
    card = MemberCard.objects.open().get()
    assert (card.person, card.membership, card.state) == (ours.person, ours, "activated")
    assert PayeeAccount.objects.get().person == ours.person
    assert ledger.check() == []
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert rights(programme) == [(theirs.person.pk, theirs.pk, "reserved")]
    open_cards = MemberCard.objects.open().order_by("requested_at").values_list("person", "state")
    assert list(open_cards) == [
        (ours.person.pk, "requested"), (theirs.person.pk, "activated")
    ]  # fmt: skip
    assert made.kept == []
    assert ledger.check() == []


def test_two_unpaid_rights_become_one_and_two_again(district):
    ours, theirs = two(district)
    programme = payouts.programme(people=2)
    entitlements.evaluate(programme)
    assert payouts.money(programme).reserved == 10_000

    made = merge(ours, theirs)

    assert sorted(state for *_who, state in rights(programme)) == ["reserved", "void"]
    assert {person for person, *_rest in rights(programme)} == {ours.person.pk}
    assert payouts.money(programme).reserved == 5_000
    assert ledger.check() == []
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert sorted(rights(programme)) == sorted(
        (one.person_id, one.pk, "reserved") for one in (ours, theirs)
    )
    assert payouts.money(programme).reserved == 10_000
    assert ledger.check() == []


def test_a_payment_with_the_bank_stops_a_merge(district, finance_maker, finance_checker):
    ours, theirs = two(district)
    programme = payouts.programme()
    batch = payouts.released(programme, maker=finance_maker, checker=finance_checker)
    with pytest.raises(Refused, match="is with the bank"), transaction.atomic():
        merge(ours, theirs)

    payouts.answer(batch)
    told = [item.code for item in plan_of(Case(ours.person, theirs.person)).items]
    assert told.count("both_entitled") == 1
    made = merge(ours, theirs)
    assert sorted(state for *_who, state in rights(programme)) == ["overpaid", "paid"]
    assert Entitlement.objects.get(state="overpaid").review == "merged"
    assert {person for person, *_rest in rights(programme)} == {ours.person.pk}
    assert payouts.money(programme).paid == 10_000
    assert ledger.check() == []
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert sorted(rights(programme)) == sorted(
        (one.person_id, one.pk, "paid") for one in (ours, theirs)
    )
    assert ledger.check() == []


def test_a_paid_right_stays_and_the_unpaid_one_is_void(district, finance_maker, finance_checker):
    ours = payouts.entitled_member(district.firm_a, joined_on=MAR)
    programme = payouts.programme()
    payouts.answer(payouts.released(programme, maker=finance_maker, checker=finance_checker))
    theirs = payouts.entitled_member(district.firm_b, joined_on=JAN)
    entitlements.evaluate(programme)

    merge(theirs, ours)

    assert sorted(rights(programme), key=lambda row: row[2]) == [
        (theirs.person.pk, theirs.pk, "paid"), (theirs.person.pk, theirs.pk, "void"),
    ]  # fmt: skip
    assert ledger.check() == []


def test_a_card_request_with_the_bank_stops_a_merge(district, district_officer):
    ours = members.membership(district.firm_a, joined_on=JAN)
    theirs = payouts.entitled_member(district.firm_b, joined_on=MAR)
    cardfiles.build_request(by=district_officer, transport=Transport.MANUAL)
    with pytest.raises(Refused, match="card request is with the bank"), transaction.atomic():
        merge(ours, theirs)


def test_a_right_changes_its_person_only_by_a_merge(district):
    ours, theirs = two(district)
    programme = payouts.programme()
    entitlements.evaluate(programme)
    mine = Entitlement.objects.filter(person=theirs.person)
    mine.update(state="void")
    with pytest.raises(DatabaseError, match="only when records are merged"), transaction.atomic():
        mine.update(person=ours.person)
