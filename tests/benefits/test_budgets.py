"""A higher budget takes two people; a lower one is set at once."""

from __future__ import annotations

import pytest

from benefits import ledger
from benefits.actions import budgets
from benefits.models import BudgetChange
from benefits.queries.books import changes_waiting
from tests.benefits.test_batches import second_account
from tests.factories import payouts
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.usefixtures("_books_agree")


@pytest.fixture
def programme(money_desk):
    """A budget for one of the three who wait."""
    for _n in range(3):
        payouts.entitled_member(money_desk.unit)
    return payouts.programme(people=1)


@pytest.fixture
def asked(programme, district_officer) -> BudgetChange:
    return budgets.propose(
        by=district_officer, programme=programme, total_fen=10_000, reason="三人等候"
    )


def test_wish_changes_nothing_until_another_agrees(asked, programme, money_desk) -> None:
    assert payouts.rights(programme) == ["reserved", "waitlisted", "waitlisted"]
    assert changes_waiting(money_desk.checker) == 1
    assert budgets.confirm(by=money_desk.checker, change=asked) == 1
    assert payouts.rights(programme) == ["reserved", "reserved", "waitlisted"]
    programme.budget.refresh_from_db()
    assert (programme.budget.total_fen, changes_waiting(money_desk.checker)) == (10_000, 0)
    verbs = AuditEvent.objects.filter(target_type="benefits.budgetchange").order_by("id")
    assert list(verbs.values_list("verb", "actor_label", "to_state")) == [
        ("budget_change.propose", "district_officer", ""),
        ("budget_change.confirm", "finance_checker", "confirmed"),
    ]


def test_second_person_may_decline_with_a_reason(asked, programme, money_desk) -> None:
    with pytest.raises(Refused, match="Give a reason"):
        budgets.decline(by=money_desk.checker, change=asked, reason=" ")
    budgets.decline(by=money_desk.checker, change=asked, reason="Wait for the new year")
    with pytest.raises(Stale):
        budgets.confirm(by=money_desk.checker, change=asked)
    programme.budget.refresh_from_db()
    assert programme.budget.total_fen == 5_000


def test_neither_the_same_person_nor_who_may_not_check_agrees(
    asked, money_desk, district_officer, auditor
) -> None:
    for who in (money_desk.maker, auditor, district_officer):
        with pytest.raises(NotAllowed, match="Your role does not allow this"):
            budgets.confirm(by=who, change=asked)
    own = second_account(district_officer, "finance_checker", "other_account")
    with pytest.raises(NotAllowed, match="Another person must decide"):
        budgets.confirm(by=own, change=asked)
    with pytest.raises(NotAllowed, match="Your role does not allow this"):
        budgets.propose(by=SYSTEM, programme=asked.budget.programme, total_fen=10**6, reason="more")


@pytest.mark.parametrize(
    ("total_fen", "reason", "message"),
    [(5_000, "more people", "not more"), (4_999, "more people", "not more"),
     (10_000, "  x ", "Write why"), (20_000, "more people", "waits for a second person")],
)  # fmt: skip
def test_wish_that_cannot_be_is_refused(
    asked, programme, district_officer, money_desk, total_fen, reason, message
) -> None:
    if "waits" not in message:
        budgets.decline(by=money_desk.checker, change=asked, reason="Start over")
    with pytest.raises(Refused, match=message):
        budgets.propose(
            by=district_officer, programme=programme, total_fen=total_fen, reason=reason
        )


def test_budget_changed_meanwhile_makes_the_wish_stale(
    programme, money_desk, district_officer
) -> None:
    payouts.raise_budget(programme, 25_000, by=district_officer, second=money_desk.checker)
    asked = budgets.propose(
        by=district_officer, programme=programme, total_fen=30_000, reason="more people"
    )
    budgets.lower(by=district_officer, programme=programme, total_fen=20_000)
    with pytest.raises(Stale, match="another one by now"):
        budgets.confirm(by=money_desk.checker, change=asked)


def test_lowering_is_no_way_up(programme, district_officer) -> None:
    for total_fen in (5_000, 5_001):
        with pytest.raises(Refused, match="not less"):
            budgets.lower(by=district_officer, programme=programme, total_fen=total_fen)
    assert ledger.balances(programme.budget)["funds"] == -5_000


def test_pages_ask_and_agree(client_for, programme, money_desk, district_officer) -> None:
    officer, checker = client_for(district_officer), client_for(money_desk.checker)
    home = f"/desk/programmes/{programme.pk}/"
    officer.post(f"{home}budget/", {"budget": "100.00", "reason": "三人等候"})
    change = BudgetChange.objects.get()
    assert "/confirm/" not in officer.get(home).text
    assert f"/desk/ledger/changes/{change.pk}/confirm/" in checker.get(home).text
    response = checker.post(f"/desk/ledger/changes/{change.pk}/confirm/", follow=True)
    assert "1 person who waited is served" in response.text
    assert payouts.rights(programme) == ["reserved", "reserved", "waitlisted"]
    assert 'data-state="confirmed"' in checker.get(f"/desk/ledger/budgets/{change.budget_id}/").text


@pytest.mark.parametrize(
    ("typed", "message"),
    [({"budget": "100"}, "Write why more is needed"), ({"budget": "x"}, "Write the amount"),
     ({"budget": "49.99"}, "reserved or paid already"), ({}, "required")],
)  # fmt: skip
def test_what_cannot_be_is_told(client_for, programme, district_officer, typed, message) -> None:
    home = f"/desk/programmes/{programme.pk}/"
    response = client_for(district_officer).post(f"{home}budget/", typed, follow=True)
    assert message in response.text
    assert not BudgetChange.objects.exists()
