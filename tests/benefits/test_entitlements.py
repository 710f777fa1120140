"""When a person is entitled, in which turn, out of which money (domain.md 6.2, "When")."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from benefits.actions import budgets, entitlements, programmes
from benefits.models import Entitlement, Posting
from benefits.signals import card_activated
from benefits.tasks import sweep_entitlements
from members.actions import memberships
from members.signals import membership_changed
from members.states import Confirmation
from tests.factories import members, payouts
from unionportal.core.actors import BANK, SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.usefixtures("_books_agree")
CHINA = ZoneInfo("Asia/Shanghai")


def test_member_with_activated_card_is_entitled_and_money_reserved(money_desk) -> None:
    membership = payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(people=3)
    right = Entitlement.objects.get()
    assert (right.person_id, right.state, right.amount_fen) == (
        membership.person_id, "reserved", 5_000,
    )  # fmt: skip
    assert right.qualified_on == timezone.localdate()
    assert vars(payouts.money(programme)) == {"free": 10_000, "reserved": 5_000, "paid": 0}
    assert Posting.objects.filter(kind="reserve").count() == 2


def test_activation_entitles_at_once(money_desk) -> None:
    programme = payouts.programme()
    card = payouts.card(members.membership(money_desk.unit))
    assert payouts.rights(programme) == []
    card_activated.send(type(card), cards=[card], by=BANK)
    assert payouts.rights(programme) == ["reserved"]


def test_lost_signal_is_made_good_by_the_sweep(money_desk) -> None:
    programme = payouts.programme()
    payouts.entitled_member(money_desk.unit)
    assert payouts.rights(programme) == []
    sweep_entitlements()
    assert payouts.rights(programme) == ["reserved"]
    sweep_entitlements()
    assert payouts.rights(programme) == ["reserved"]


def test_unconfirmed_member_earns_nothing_until_confirmed(money_desk) -> None:
    programme = payouts.programme()
    membership = payouts.entitled_member(
        money_desk.unit, confirmation=Confirmation.NONE, source="roster"
    )
    assert entitlements.evaluate(programme) == 0
    membership.confirmation, membership.confirmed_at = Confirmation.SMS_LINK, timezone.now()
    membership.save()
    membership_changed.send(type(membership), membership=membership, by=SYSTEM)
    assert payouts.rights(programme) == ["reserved"]


def test_member_of_the_holding_pool_waits_for_a_union(money_desk, district) -> None:
    programme = payouts.programme()
    payouts.entitled_member(district.pool_a)
    assert entitlements.evaluate(programme) == 0


def test_card_not_activated_earns_nothing(money_desk) -> None:
    programme = payouts.programme()
    members.membership(money_desk.unit)
    assert entitlements.evaluate(programme) == 0


def test_other_group_earns_nothing(money_desk) -> None:
    programme = payouts.programme(groups=[members.group("TRUCK_DRIVER")])
    payouts.entitled_member(money_desk.unit)
    assert entitlements.evaluate(programme) == 0


def test_activation_is_dated_in_china(money_desk) -> None:
    """23:30 UTC on 31 December is New Year's Day in Zhengzhou."""
    membership = members.membership(money_desk.unit, joined_on=date(2025, 1, 1))
    membership.confirmed_at = datetime(2025, 6, 1, tzinfo=CHINA)
    membership.save()
    new_year = datetime(2026, 1, 1, 7, 30, tzinfo=CHINA)
    payouts.card(membership, activated_at=new_year)
    programme = payouts.programme(window_from=date(2026, 1, 1))
    assert payouts.rights(programme) == ["reserved"]


def test_person_is_entitled_once(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    right = Entitlement.objects.get()
    assert entitlements.evaluate(programme) == 0
    right.pk = members.scan().pk
    right.state = "waitlisted"
    with pytest.raises(IntegrityError, match="entitlement_once"), transaction.atomic():
        right.save(force_insert=True)


def test_budget_that_ends_makes_a_queue_served_in_turn(money_desk, district_officer) -> None:
    days = [date(2026, 5, 3), date(2026, 5, 1), date(2026, 5, 2)]
    for day in days:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
        membership = members.membership(money_desk.unit)
        membership.confirmed_at = at
        membership.save()
        payouts.card(membership, activated_at=at)
    programme = payouts.programme(people=1)
    assert payouts.rights(programme) == ["reserved", "waitlisted", "waitlisted"]
    first = Entitlement.objects.get(state="reserved")
    assert first.qualified_on == date(2026, 5, 1)
    entitlements.void(by=district_officer, entitlement=first, reason="Asked to be left out")
    assert payouts.rights(programme) == ["void", "reserved", "waitlisted"]


def test_larger_budget_serves_the_waiting(money_desk, district_officer) -> None:
    for _n in range(3):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(people=1)
    two = {"by": district_officer, "second": money_desk.checker}
    assert payouts.raise_budget(programme, 14_999, **two) == 1
    assert sorted(payouts.rights(programme)) == ["reserved", "reserved", "waitlisted"]


def test_budget_never_goes_below_what_is_promised(money_desk, district_officer) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(people=2)
    with pytest.raises(Refused, match="reserved or paid already"):
        budgets.lower(by=district_officer, programme=programme, total_fen=4_999)
    budgets.lower(by=district_officer, programme=programme, total_fen=5_000)
    assert payouts.money(programme).free == 0


def test_right_ended_by_a_person_is_not_given_again_by_the_sweep(
    money_desk, district_officer
) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    entitlements.void(
        by=district_officer, entitlement=Entitlement.objects.get(), reason="Asked to be left out"
    )
    entitlements.sweep()
    assert payouts.rights(programme) == ["void"]
    assert payouts.money(programme).reserved == 0


def annul(membership) -> None:
    memberships.close(by=SYSTEM, membership=membership, verb="annul", reason="Never existed")


def test_annulled_member_loses_an_unpaid_right(money_desk) -> None:
    membership = payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    annul(membership)
    entitlements.sweep()
    assert payouts.rights(programme) == ["void"]


def test_annulment_never_touches_what_the_bank_has(money_desk) -> None:
    membership = payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    batch = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    annul(membership)
    entitlements.sweep()
    right = Entitlement.objects.get()
    assert (right.state, right.review) == ("in_payment", "membership_annulled")
    payouts.answer(batch)
    assert payouts.rights(programme) == ["paid"]


def test_draft_and_closed_programmes_entitle_nobody(money_desk, district_officer) -> None:
    payouts.entitled_member(money_desk.unit)
    draft = payouts.programme(is_open=False)
    assert entitlements.evaluate(draft) == 0
    programmes.open_programme(by=district_officer, programme=draft)
    programmes.close_programme(by=district_officer, programme=draft, reason="Money is gone")
    payouts.entitled_member(money_desk.unit)
    assert entitlements.sweep() == 0
    with pytest.raises(Stale):
        programmes.open_programme(by=district_officer, programme=draft)


def test_programmes_are_made_by_those_who_may(money_desk, finance_maker) -> None:
    with pytest.raises(NotAllowed):
        payouts.programme(by=finance_maker)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_fen": 0}, "amount"),
        ({"amount_fen": -5}, "amount"),
        ({"budget_fen": 4_999}, "budget"),
        ({"window_to": date(2025, 1, 1)}, "window_to"),
        ({"summary": "a|b"}, "summary"),
        ({"summary": "超过十二个字的银行附言是不行的"}, "summary"),
    ],
)
def test_impossible_programme_is_refused_at_its_field(db, change, field) -> None:
    with pytest.raises(Refused) as refusal:
        payouts.programme(**change)
    assert refusal.value.field == field


def test_sweep_costs_the_same_for_one_and_many(money_desk, django_assert_max_num_queries) -> None:
    payouts.programme()
    payouts.entitled_member(money_desk.unit)
    with django_assert_max_num_queries(60) as few:
        entitlements.sweep()
    for _n in range(3):
        payouts.entitled_member(money_desk.unit)
    with django_assert_max_num_queries(len(few.captured_queries)):
        entitlements.sweep()
    assert Entitlement.objects.filter(state="reserved").count() == 4


def test_resting_time_counts_from_the_failure(paid_three) -> None:
    type(paid_three.programme).objects.update(cooling_minutes=90)
    payouts.answer(paid_three.batch, failed={1: ("0011", "账号不存在")})
    right = paid_three.batch.lines.get(seq=1).entitlement
    rest = right.rests_until - timezone.now()
    assert timedelta(minutes=88) < rest <= timedelta(minutes=90)
    assert right.reason == "account_not_found"
