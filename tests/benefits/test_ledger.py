"""Double entry, and the budget."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from benefits import ledger
from benefits.actions import entitlements, settlement
from benefits.ledger import Amount
from benefits.models import Account, Budget, Entitlement, Posting, Pot, Programme, TransferKind
from benefits.states.payouts import Outcome
from tests.factories import members, payouts
from unionportal.core.ids import new_id


@pytest.fixture
def programme(db) -> Programme:
    """A programme of 50 yuan with a budget of 100 yuan."""
    return payouts.programme(budget_fen=10_000, people=2)


@pytest.fixture
def budget(programme) -> Budget:
    return programme.budget


@pytest.fixture
def right(programme, district) -> Entitlement:
    """One person's reserved right."""
    payouts.entitled_member(district.firm_a, name="张三")
    entitlements.evaluate(programme)
    return Entitlement.objects.get()


def check_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def run(statement: str) -> None:
    """Run a statement as the owner of the tables, and what is deferred to the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        check_now()


def test_new_budget_is_free_and_balanced(budget) -> None:
    assert ledger.balances(budget) == {
        "funds": -10_000, "free": 10_000, "reserved": 0, "in_flight": 0, "paid": 0,
    }  # fmt: skip
    assert ledger.check() == []


def accounts(budget: Budget) -> list[tuple[str, bool, str, int]]:
    rows = Account.objects.filter(budget=budget).order_by("pot", "channel")
    return [(one.pot, one.programme_id is not None, one.channel, one.balance_fen) for one in rows]


def test_accounts_are_the_budgets_the_programmes_and_the_channels(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={2: ("0014", "户名不符")})
    assert accounts(paid_three.programme.budget) == [
        ("free", False, "", 485_000),
        ("funds", False, "", -500_000),
        ("in_flight", True, "bank_file", 0),
        ("paid", True, "bank_file", 10_000),
        ("reserved", True, "", 5_000),
    ]


def test_a_movement_of_many_is_a_handful_of_statements(
    paid_three, django_assert_max_num_queries
) -> None:
    lines = paid_three.batch.lines.values_list("amount_fen", "entitlement_id", "pk")
    sums = [Amount(*row) for row in lines]
    with django_assert_max_num_queries(3):
        ledger.shift(
            paid_three.programme.budget_id, TransferKind.PAY, Pot.IN_FLIGHT, Pot.PAID, sums
        )
    assert ledger.balances(paid_three.programme.budget)["paid"] == 15_000


def test_transfer_that_does_not_sum_to_nothing_is_refused(budget) -> None:
    account = Account.objects.get(budget=budget, pot=Pot.FREE)
    with pytest.raises(IntegrityError, match="does not sum to nothing"), transaction.atomic():
        Posting.objects.create(transfer=new_id(), kind="pay", account=account, amount_fen=1)


def test_account_is_never_overdrawn(right) -> None:
    with pytest.raises(IntegrityError, match="account_not_overdrawn"), transaction.atomic():
        ledger.shift(
            right.programme.budget_id, TransferKind.FREE, Pot.RESERVED, Pot.FREE,
            [Amount(5_001, right.pk)],
        )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    ["UPDATE benefits_account SET balance_fen = balance_fen + 1",
     "UPDATE benefits_account SET pot = 'paid' WHERE pot = 'free'",
     "INSERT INTO benefits_account (id, budget_id, channel, pot, balance_fen)"
     " SELECT gen_random_uuid(), id, 'x', 'free', 1 FROM benefits_budget"],
)  # fmt: skip
def test_balance_changes_by_postings_only(budget, statement) -> None:
    with pytest.raises(DatabaseError, match="changes by its postings only"):
        run(statement)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE benefits_budget SET total_fen = total_fen - 1",
     "UPDATE benefits_budget SET reserved_fen = reserved_fen + 1",
     "UPDATE benefits_budget SET paid_fen = paid_fen + 1",
     "INSERT INTO benefits_budget (id, code, total_fen, reserved_fen, paid_fen)"
     " VALUES (gen_random_uuid(), 'forged', 1, 0, 0)"],
)  # fmt: skip
def test_budget_is_what_its_accounts_hold(budget, statement) -> None:
    with pytest.raises(IntegrityError, match="the budget differs from its accounts"):
        run(statement)


@pytest.mark.parametrize(
    ("wanted", "granted"), [(0, 0), (-1, 0), (1, 1), (2, 2), (3, 2), (1_000, 2)]
)
def test_as_many_are_reserved_as_fit(budget, wanted, granted) -> None:
    with transaction.atomic():
        assert ledger.take(budget.pk, 5_000, wanted) == granted
        transaction.set_rollback(True)  # room taken and not posted is refused at commit


def test_counters_beyond_the_total_are_refused_by_the_database(budget) -> None:
    with pytest.raises(IntegrityError, match="budget_never_exceeded"), transaction.atomic():
        Budget.objects.update(reserved_fen=10_001)
    with pytest.raises(IntegrityError, match="budget_parts_not_negative"), transaction.atomic():
        Budget.objects.update(paid_fen=-1)


def test_movement_without_its_counter_is_found_and_refused_at_commit(right) -> None:
    ledger.post(
        right.programme.budget_id, TransferKind.FREE, Pot.RESERVED, Pot.FREE,
        [Amount(5_000, right.pk)],
    )  # fmt: skip
    codes = {found.code for found in ledger.check()}
    assert codes == {"budget_differs_from_accounts", "entitlement_differs_from_postings"}
    with pytest.raises(IntegrityError, match="differs from its accounts"), transaction.atomic():
        check_now()
    Budget.objects.update(reserved_fen=0)


def test_check_names_a_balance_that_its_postings_do_not_give(budget) -> None:
    with without_triggers() as cursor:
        cursor.execute("UPDATE benefits_account SET balance_fen = 9999 WHERE pot = 'free'")
    codes = {found.code for found in ledger.check()}
    assert codes == {"balance_differs_from_postings", "budget_differs_from_accounts"}


@contextmanager
def without_triggers():
    """Do what only somebody with the server's own rights can do."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = DEFAULT")


def test_line_paid_returned_and_paid_again_replays_to_one_payment(paid_three) -> None:
    payouts.answer(paid_three.batch)
    line = paid_three.batch.lines.get(seq=1)
    decision = settlement.propose(
        by=paid_three.maker, line=line, outcome=Outcome.RETURNED, note="Credit of 25 November",
        document=members.scan(),
    )  # fmt: skip
    settlement.confirm(by=paid_three.checker, settlement=decision)
    line.refresh_from_db()
    assert (line.state, line.entitlement.state) == ("returned", "reserved")
    payouts.account(line.entitlement.membership)
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
