"""Eight hands at once, round after round: never a fen over the budget, and none left lying.

The long run (`script/deep`) takes 1,000 rounds of each; CI takes some.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from benefits import ledger
from benefits.actions import batches, budgets, entitlements
from benefits.models import Budget, Entitlement, PayoutBatch, Pot, Programme, TransferKind
from tests.factories import members, payouts
from tests.members.committed import committed_rows
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused, Stale
from unionportal.core.transitions import move

HANDS = 8
# An amount for nobody in particular, of the budget's programme.
ONE = """
    SELECT %(fen)s::bigint AS amount_fen, NULL::uuid AS entitlement_id, NULL::uuid AS line_id,
        id AS programme_id, '' AS channel
    FROM benefits_programme WHERE budget_id = %(budget)s"""
ROUNDS = [40, pytest.param(1_000, marks=pytest.mark.deep)]
FEW_ROUNDS = [8, pytest.param(1_000, marks=pytest.mark.deep)]


@pytest.fixture
def committed(django_db_setup, django_db_blocker, tmp_path, settings) -> Iterator[None]:
    """Rows that threads with connections of their own see; emptied after."""
    with django_db_blocker.unblock(), committed_rows():
        yield
        connections.close_all()


class Hands:
    """Eight threads, each with its own connection, that begin together."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(HANDS)
        self.start = Barrier(HANDS)

    def all(self, act: Callable[[int], Any]) -> list[Any]:
        """Let every hand do `act` at the same moment; return what came out of each."""

        def one(number: int) -> Any:
            self.start.wait(30)
            try:
                return act(number)
            except (Refused, Stale) as refusal:
                return refusal.code

        return list(self.pool.map(one, range(HANDS)))

    def close(self) -> None:
        self.all(lambda _number: connections.close_all())
        self.pool.shutdown()


@pytest.fixture
def hands(committed) -> Iterator[Hands]:
    made = Hands()
    yield made
    made.close()


@pytest.mark.django_db
def test_one_hand_takes_what_fits_and_no_more() -> None:
    budget = _budget("alone", 5 * 70 + 69)
    assert [_take(budget.pk, 70, 3), _take(budget.pk, 70, 3), _take(budget.pk, 70, 1)] == [3, 2, 0]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_eight_hands_reserve_exactly_what_fits(hands, rounds) -> None:
    chance = random.Random(20261123)
    for number in range(rounds):
        fen, each = chance.randint(1, 9_999), chance.randint(1, 4)
        total = chance.randint(0, HANDS * each + 2) * fen + chance.randint(0, fen - 1)
        budget = _budget(f"round-{number}", total)
        taken = sum(hands.all(lambda _hand, args=(budget.pk, fen, each): _take(*args)))
        budget.refresh_from_db()
        fitting = min(HANDS * each, total // fen)
        assert (number, taken, budget.reserved_fen) == (number, fitting, fitting * fen)
        assert ledger.balances(budget)["free"] == total - fitting * fen
    assert ledger.check() == []


def _budget(code: str, total: int) -> Budget:
    with transaction.atomic():
        budget = ledger.open_budget(code=code, total_fen=total)
        Programme.objects.create(code=code, budget=budget)
    return budget


def _take(budget_id: Any, fen: int, each: int) -> int:
    """Reserve as often as asked, each time in a transaction of its own."""
    taken = 0
    for _n in range(each):
        with transaction.atomic():
            if ledger.take(budget_id, fen, 1):
                ledger.post_set(
                    budget_id, TransferKind.RESERVE, Pot.FREE, Pot.RESERVED, ONE, {"fen": fen}
                )
                taken += 1
    return taken


@pytest.fixture
def people(committed) -> Any:
    """A dozen people with active cards, a maker, eight checkers."""
    officer, checker = payouts.two_people()
    unit = members.employer_union(members.subdistrict_unit(members.district_unit()))
    for _n in range(12):
        payouts.entitled_member(unit)
    return officer, checker


@pytest.mark.parametrize("rounds", FEW_ROUNDS)
def test_eight_approvers_serve_and_approve_exactly_what_the_budget_reaches(
    hands, people, rounds
) -> None:
    """By eight: serve who waits, serve again from a higher budget, list, approve, release."""
    officer, checker = people
    maker = payouts.staff("finance_maker", "maker")
    checkers = [payouts.staff("finance_checker", f"checker-{n}") for n in range(HANDS)]
    chance = random.Random(20261124)
    for number in range(rounds):
        first, second = chance.randint(1, 6), chance.randint(7, 14)
        programme = _waiting(number, 5_000 * first + chance.randint(0, 4_999))
        hands.all(lambda _hand, one=programme: entitlements.evaluate(one))
        assert _reserved(programme) == (first, 5_000 * first)
        change = budgets.propose(
            by=officer, programme=programme, total_fen=5_000 * second, reason="追加预算"
        )
        budgets.agree(by=checker, change=change)
        hands.all(lambda _hand, one=programme: entitlements.evaluate(one))
        reached = min(second, 12)
        assert _reserved(programme) == (reached, 5_000 * reached)
        if number % 8 == 0:
            _approve_by_all(hands, programme, maker, checkers, reached)
    assert ledger.check() == []


def _waiting(number: int, budget_fen: int) -> Programme:
    """Open a programme whom nobody has looked at yet."""
    made = payouts.programme(is_open=False, budget_fen=budget_fen, code=f"crowd-{number}")
    return move(made, "open", by=SYSTEM, opened_at=timezone.now())


def _reserved(programme: Programme) -> tuple[int, int]:
    rights = Entitlement.objects.filter(programme=programme, state="reserved").count()
    return rights, Budget.objects.get(pk=programme.budget_id).reserved_fen


def _approve_by_all(hands: Hands, programme: Programme, maker, checkers, people: int) -> None:
    batch = batches.build(by=maker, programme=programme)
    batches.submit(by=maker, batch=batch)

    def fresh() -> PayoutBatch:
        return PayoutBatch.objects.get(pk=batch.pk)

    for act in (batches.approve, batches.release):
        outcomes = hands.all(lambda hand, do=act: do(by=checkers[hand], batch=fresh()) and "done")
        assert outcomes.count("done") == 1
    states = list(fresh().lines.values_list("state", flat=True))
    assert states == ["sending"] * people
    assert ledger.balances(programme.budget)["in_flight"] == 5_000 * people
