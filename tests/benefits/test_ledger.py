"""Double entry, and the budget under eight hands at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from benefits import ledger
from benefits.ledger import Amount
from benefits.models import Account, Budget, Posting, Pot, TransferKind
from benefits.states.payouts import Outcome
from tests.factories import members, payouts
from unionportal.core.ids import new_id


@pytest.fixture
def budget(db) -> Budget:
    return ledger.open_budget(code="b", total_fen=10_000)


def check_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_new_budget_is_free_and_balanced(budget) -> None:
    assert ledger.balances(budget) == {
        "funds": -10_000, "free": 10_000, "reserved": 0, "in_flight": 0, "paid": 0,
    }  # fmt: skip
    assert ledger.check() == []


def lopsided(account: Account) -> None:
    with transaction.atomic():
        Posting.objects.create(transfer=new_id(), kind="pay", account=account, amount_fen=1)
        check_now()


def test_transfer_that_does_not_sum_to_nothing_is_refused_at_commit(budget) -> None:
    account = Account.objects.get(budget=budget, pot=Pot.FREE)
    with pytest.raises(IntegrityError, match="does not sum to nothing"):
        lopsided(account)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE benefits_posting SET amount_fen = 1", "DELETE FROM benefits_posting",
     "TRUNCATE benefits_posting CASCADE"],
)  # fmt: skip
def test_postings_are_append_only(budget, statement) -> None:
    check_now()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("wanted", "granted"), [(0, 0), (-1, 0), (1, 1), (2, 2), (3, 2), (1_000, 2)]
)
def test_as_many_are_reserved_as_fit(budget, wanted, granted) -> None:
    assert ledger.take(budget.pk, 5_000, wanted) == granted


def test_counters_beyond_the_total_are_refused_by_the_database(budget) -> None:
    with pytest.raises(IntegrityError, match="budget_never_exceeded"), transaction.atomic():
        Budget.objects.update(reserved_fen=10_001)
    with pytest.raises(IntegrityError, match="budget_parts_not_negative"), transaction.atomic():
        Budget.objects.update(paid_fen=-1)


def test_check_names_a_movement_without_its_counter(budget) -> None:
    ledger.post(budget.pk, TransferKind.RESERVE, Pot.FREE, Pot.RESERVED, [Amount(5_000)])
    (found,) = ledger.check()
    assert (found.code, found.subject) == ("budget_differs_from_postings", "b")


@pytest.fixture
def hot_budget(django_db_setup, django_db_blocker):
    """A budget really committed, for threads with connections of their own; removed after."""
    with django_db_blocker.unblock():
        budget = Budget.objects.create(code="hot", total_fen=20 * 5_000 + 4_999)
        yield budget
        budget.delete()
        connections.close_all()


def test_eight_hands_reserve_exactly_what_fits(hot_budget) -> None:
    start = Barrier(8)

    def hand(_number: int) -> int:
        start.wait()
        try:
            return sum(take_one(hot_budget) for _n in range(5))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(hand, range(8)))
    hot_budget.refresh_from_db()
    assert (taken, hot_budget.reserved_fen) == (20, 100_000)


def take_one(budget: Budget) -> int:
    with transaction.atomic():
        return ledger.take(budget.pk, 5_000, 1)


def test_line_paid_returned_and_paid_again_replays_to_one_payment(paid_three) -> None:
    from benefits.actions import settlement  # noqa: PLC0415 - only this test returns money

    payouts.answer(paid_three.batch)
    line = paid_three.batch.lines.get(seq=1)
    decision = settlement.propose(
        by=paid_three.maker, line=line, outcome=Outcome.RETURNED, note="Credit of 25 November",
        document=members.scan(),
    )  # fmt: skip
    settlement.confirm(by=paid_three.checker, settlement=decision)
    line.refresh_from_db()
    assert (line.state, line.entitlement.state) == ("returned", "reserved")
    second = payouts.released(
        paid_three.programme, maker=paid_three.maker, checker=paid_three.checker
    )
    payouts.answer(second)
    kinds = list(
        line.entitlement.postings.filter(amount_fen__gt=0)
        .order_by("pk")
        .values_list("kind", flat=True)
    )
    assert kinds == ["reserve", "send", "pay", "return", "send", "pay"]
    assert payouts.money(paid_three.programme).paid == 15_000
    assert ledger.check() == []
