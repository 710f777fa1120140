"""What raw SQL cannot do to the money, as the owner of the tables either (security.md 3.1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from benefits import ledger
from benefits.actions import batches, books, budgets, settlement
from benefits.models import BooksCheck, BudgetChange, LineSettlement, PayoutBatch
from benefits.states.payouts import Outcome
from tests.factories import members, payouts
from tests.members.committed import committed_rows
from unionportal.core.ids import new_id

GUARDED = (
    "benefits_posting", "benefits_lineevidence", "benefits_programmeversion",
    "benefits_bookscheck", "core_auditevent",
)  # fmt: skip


def run(statements: str, values: Any = None) -> None:
    """Run statements as the owner of the tables, and what is deferred to the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in filter(str.strip, statements.split(";")):
            cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def settled(paid_three):
    """Three people paid, the books compared: each guarded table has rows."""
    payouts.answer(paid_three.batch)
    books.check()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return paid_three


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE",
     "WITH gone AS (DELETE FROM {table} RETURNING id) SELECT * FROM gone",
     "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE"],
)  # fmt: skip
def test_ledger_and_log_rows_stay_as_they_are(settled, table, statement) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        before = cursor.fetchone()
    assert before != (0,)
    with pytest.raises(DatabaseError, match="append-only|Cannot update or delete"):
        run(statement.format(table=table))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == before


# ---- lists -------------------------------------------------------------------------------------

COLUMNS = [
    field.column
    for field in PayoutBatch._meta.concrete_fields
    if field.column not in {"id", "number"}
]
MARKS = {
    "submitted_by_id", "submitted_key", "approved_by_id", "approved_key", "second_by_id",
    "second_key", "released_by_id",
}  # fmt: skip


@pytest.mark.parametrize(
    "kept",
    [{"state"}, {"approved_by_id", "approved_key"}, {"approved_key"}, {"released_by_id"},
     {"submitted_key"}, {"second_by_id", "second_key"}, MARKS | {"state"}],
    ids=lambda kept: "+".join(sorted(kept))[:40],
)  # fmt: skip
def test_list_that_was_approved_before_it_was_made_is_not_inserted(settled, kept) -> None:
    """Copy a released list under another number, with some of its marks."""
    values = [_copied(name, kept) for name in COLUMNS]
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    statement = (f"INSERT INTO benefits_payoutbatch (id, number, {names}) "
                 f"SELECT %s, 'PB20990101001', {', '.join(values)} "
                 f"FROM benefits_payoutbatch WHERE id = %s")  # fmt: skip
    with pytest.raises(DatabaseError):
        run(statement, [new_id(), settled.batch.pk])
    assert PayoutBatch.objects.count() == 1


def _copied(name: str, kept: set[str]) -> str:
    if name == "state" and name not in kept:
        return "'building'"
    if name in MARKS - kept:
        return "NULL"
    # This list had no second checker: the first is put there.
    return f'"{name.replace("second", "approved")}"' if name in MARKS else f'"{name}"'


SUBMIT = """
UPDATE benefits_payoutbatch SET state = 'submitted', submitted_by_id = {who}, submitted_key = {key},
    submitted_at = now(), lines_digest = repeat('0', 64) WHERE id = %(batch)s;
"""
APPROVE = """
UPDATE benefits_payoutbatch SET state = 'approved', approved_by_id = {who}, approved_key = {key},
    approved_at = now() WHERE id = %(batch)s
"""


@pytest.fixture
def draft(money_desk) -> PayoutBatch:
    """A large list: it needs two checkers."""
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(second_approval_fen=5_000)
    return batches.build(by=money_desk.maker, programme=programme)


@pytest.mark.parametrize("key", ["%(maker_key)s", "%(checker_key)s", "NULL", "gen_random_uuid()"])
def test_list_is_not_made_self_approved_by_updates(draft, money_desk, key) -> None:
    submit = SUBMIT.format(who="%(maker)s", key="%(maker_key)s")
    approve = APPROVE.format(who="%(maker)s", key=key)
    values = {
        "batch": draft.pk, "maker": money_desk.maker.pk,
        "maker_key": money_desk.maker.person_key, "checker_key": money_desk.checker.person_key,
    }  # fmt: skip
    large = "UPDATE benefits_payoutbatch SET needs_second = false;"
    with pytest.raises(DatabaseError):
        run(submit + large + approve, values)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_large_list_does_without_its_second_checker_by_no_update(draft, money_desk) -> None:
    batches.submit(by=money_desk.maker, batch=draft)
    run("UPDATE benefits_payoutbatch SET needs_second = false")
    approve = APPROVE.format(who="%(who)s", key="%(key)s")
    with pytest.raises(DatabaseError, match="large list needs a second checker"):
        run(approve, {"batch": draft.pk, "who": money_desk.checker.pk,
                      "key": money_desk.checker.person_key})  # fmt: skip


# ---- decisions of two people -------------------------------------------------------------------


def test_own_decision_about_a_line_is_no_decision(settled) -> None:
    line = settled.batch.lines.first()
    said = settlement.propose(
        by=settled.maker, line=line, outcome=Outcome.RETURNED, note="statement",
        document=members.scan(),
    )  # fmt: skip
    decided = "UPDATE benefits_linesettlement SET state = 'confirmed', decided_at = now(), "
    for who, key in ((settled.maker, settled.maker.person_key), (settled.maker, new_id()),
                     (settled.maker, settled.checker.person_key)):  # fmt: skip
        with pytest.raises(DatabaseError):
            run(f"{decided} decided_by_id = %s, decided_key = %s", [who.pk, key])
    with pytest.raises(DatabaseError, match="Cannot insert"), transaction.atomic():
        LineSettlement.objects.create(
            line=line, outcome="success", note="forged", document=said.document,
            proposed_by=settled.maker, proposed_key=settled.maker.person_key, state="confirmed",
            decided_by=settled.checker, decided_key=settled.checker.person_key,
            decided_at=timezone.now(),
        )  # fmt: skip


# ---- budgets -----------------------------------------------------------------------------------

RAISE = """
UPDATE benefits_budget SET total_fen = total_fen + 1;
INSERT INTO benefits_posting (transfer, kind, account_id, amount_fen)
SELECT '00000000-0000-7000-8000-000000000001', 'grant', id, CASE pot WHEN 'free' THEN 1 ELSE -1 END
FROM benefits_account WHERE pot IN ('free', 'funds');
"""


@pytest.fixture
def asked(settled, district_officer) -> BudgetChange:
    """One person asks for one fen more."""
    more = settled.programme.budget.total_fen + 1
    return budgets.propose(
        by=district_officer, programme=settled.programme, total_fen=more, reason="追加预算"
    )


def test_budget_is_not_raised_with_its_postings_either(settled) -> None:
    with pytest.raises(DatabaseError, match="raised by two people"):
        run(RAISE)


def test_wish_of_one_person_raises_nothing(asked, settled) -> None:
    with pytest.raises(DatabaseError, match="raised by two people"):
        run(RAISE)


@pytest.mark.parametrize(
    "statement",
    ["state = 'confirmed', decided_by_id = proposed_by_id, decided_key = proposed_key",
     "state = 'confirmed', decided_by_id = proposed_by_id, decided_key = gen_random_uuid()",
     "state = 'confirmed', decided_by_id = proposed_by_id, decided_key = (SELECT person_key"
     " FROM core_user WHERE username = 'finance_checker')",
     "state = 'confirmed'", "to_fen = to_fen + 1", "from_fen = from_fen - 1", "reason = 'other'",
     "proposed_by_id = (SELECT id FROM core_user WHERE username = 'finance_checker')"],
)  # fmt: skip
def test_wish_is_not_confirmed_or_changed_by_its_own_person(asked, statement) -> None:
    with pytest.raises(DatabaseError):
        run(f"UPDATE benefits_budgetchange SET {statement}")
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("proposed", None)


def test_wish_is_not_removed_or_born_confirmed(asked, money_desk) -> None:
    with pytest.raises(DatabaseError, match="Cannot delete"):
        run("DELETE FROM benefits_budgetchange")
    names = [field.column for field in BudgetChange._meta.concrete_fields][1:]
    forged = [
        {"state": "'confirmed'", "decided_by_id": "%(who)s", "decided_key": "%(key)s",
         "decided_at": "now()"}.get(name, name)
        for name in names
    ]  # fmt: skip
    values = {"who": money_desk.checker.pk, "key": money_desk.checker.person_key, "id": new_id()}
    with pytest.raises(DatabaseError, match="Cannot insert"):
        run(
            f"INSERT INTO benefits_budgetchange (id, {', '.join(names)})"
            f" SELECT %(id)s, {', '.join(forged)} FROM benefits_budgetchange", values,
        )  # fmt: skip


def test_programme_is_given_no_other_budget(settled) -> None:
    richer = ledger.open_budget(code="richer", total_fen=10**9)
    with pytest.raises(DatabaseError, match="Cannot update"):
        run("UPDATE benefits_programme SET budget_id = %s", [richer.pk])
    with pytest.raises(DatabaseError, match="Cannot delete"):
        run("DELETE FROM benefits_budget")


def test_what_two_people_agreed_counts_once(django_db_setup, django_db_blocker) -> None:
    """In transactions of their own: raised by two, lowered by one, not raised again by that."""
    with django_db_blocker.unblock(), committed_rows():
        officer, checker = payouts.two_people()
        programme = payouts.programme(is_open=False, budget_fen=10_000)
        payouts.raise_budget(programme, 10_001, by=officer, second=checker)
        programme.budget.refresh_from_db()
        budgets.lower(by=officer, programme=programme, total_fen=10_000)
        with pytest.raises(DatabaseError, match="raised by two people"):
            run(RAISE)
        assert ledger.check() == []


def test_comparison_is_written_down_for_good(settled) -> None:
    assert BooksCheck.objects.get().differences == 0
