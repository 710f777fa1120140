"""Lists longer than a chunk and longer than a file: worked on by jobs, resumed after a kill."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benefits.actions import bankfiles, batch_jobs, batch_work, building, entitlements
from benefits.models import BankFile, PayoutBatch
from benefits.profiles.reference import ReferenceProfile
from tests.factories import payouts
from unionportal.core import jobs
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Job

pytestmark = pytest.mark.usefixtures("_books_agree")


class Killed(Exception):
    """The worker is gone in the middle of its work."""


@pytest.fixture
def short_chunks(monkeypatch) -> None:
    """Two lines a chunk and a file, so that five people make a long list."""
    monkeypatch.setattr(batch_work, "CHUNK", 2)
    monkeypatch.setattr(building, "CHUNK", 2)
    monkeypatch.setattr(ReferenceProfile, "most_lines", 2)


@pytest.fixture
def five(money_desk, short_chunks):
    """A programme with five people to pay."""
    for _number in range(5):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    entitlements.evaluate(programme)
    return programme


def run(batch: PayoutBatch) -> Job:
    """Do the job that waits for a list."""
    job = batch_jobs.open_job(batch)
    assert job is not None
    assert jobs.run(job.pk)
    job.refresh_from_db()
    batch.refresh_from_db()
    return job


@pytest.fixture
def draft(five, money_desk) -> PayoutBatch:
    batch = batch_jobs.build(by=money_desk.maker, programme=five)
    assert (batch.state, batch.line_count) == ("building", 4)
    assert run(batch).state == "done"
    return batch


def asked(verb: str, by, batch: PayoutBatch, **values: str) -> Job:
    job = batch_jobs.ask(verb, by=by, batch=batch, **values)
    assert job is not None
    return run(batch)


@pytest.fixture
def approved(draft, money_desk) -> PayoutBatch:
    asked("submit", money_desk.maker, draft)
    asked("approve", money_desk.checker, draft, version=draft.lines_digest)
    return draft


def test_list_of_any_length_holds_everybody_in_turn(draft) -> None:
    assert (draft.state, draft.line_count, draft.total_fen) == ("draft", 5, 25_000)
    assert list(draft.lines.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    turn = draft.programme.entitlements.in_turn().values_list("pk", flat=True)
    assert list(draft.lines.order_by("seq").values_list("entitlement", flat=True)) == list(turn)


def test_long_list_goes_in_several_files_and_closes_with_the_last_answer(
    approved, money_desk
) -> None:
    job = asked("release", money_desk.checker, approved)
    assert (job.state, job.done, job.total) == ("done", 5, 5)
    files = list(approved.files.order_by("number"))
    assert [file.number for file in files] == [f"{approved.number}-00{n}" for n in (1, 2, 3)]
    assert [file.line_count for file in files] == [2, 2, 1]
    assert bankfiles.send_waiting() == 3
    approved.refresh_from_db()
    assert approved.state == "reconciling"
    for file in files:
        rows = payouts.answers_to(file)
        payouts.receive(payouts.result_file(file.number, rows), f"R_{file.number}_1.txt")
        approved.refresh_from_db()
    assert (approved.state, payouts.states(approved)) == ("closed", ["paid"] * 5)


def test_answer_for_one_file_about_a_line_of_another_is_set_apart(approved, money_desk) -> None:
    asked("release", money_desk.checker, approved)
    bankfiles.send_waiting()
    first, second, _third = approved.files.order_by("number")
    rows = payouts.answers_to(second)
    receipt = payouts.receive(payouts.result_file(first.number, rows), "R_1.txt")
    assert receipt.file.state == "quarantined"
    assert {one["code"] for one in receipt.file.problems} == {"unknown_order"}
    assert payouts.states(approved) == ["sent"] * 5


@pytest.mark.parametrize("after", [1, 2])
def test_release_goes_on_where_its_worker_died(approved, money_desk, after) -> None:
    batch_jobs.batches.decide_release(by=money_desk.checker, batch=approved)
    chunks = iter(range(after))

    def die(_done: int) -> None:
        if next(chunks, None) == after - 1:
            raise Killed

    with pytest.raises(Killed):
        batch_work.carry_on(approved, by=money_desk.checker, report=die)
    assert payouts.states(approved).count("sending") == 2 * after
    assert batch_jobs.resume() == 1
    assert batch_jobs.resume() == 0
    run(approved)
    assert payouts.states(approved) == ["sending"] * 5
    assert sorted(BankFile.objects.values_list("line_count", flat=True)) == [1, 2, 2]
    assert payouts.money(approved.programme).reserved == approved.programme.budget.reserved_fen


def test_list_goes_on_being_made_where_its_worker_died(five, money_desk) -> None:
    batch = building.begin(by=money_desk.maker, programme=five)
    building.add_some(batch, None)
    assert batch_jobs.resume() == 1
    run(batch)
    assert (batch.state, batch.line_count) == ("draft", 5)


def test_approval_that_was_decided_is_not_decided_again(draft, money_desk) -> None:
    asked("submit", money_desk.maker, draft)
    job = batch_jobs.ask("approve", by=money_desk.checker, batch=draft)
    batch_jobs.batches.decide_approval(by=money_desk.checker, batch=draft)  # then the worker died
    assert payouts.states(draft) == ["planned"] * 5
    assert run(draft).pk == job.pk
    assert (draft.state, payouts.states(draft)) == ("notice_closed", ["approved"] * 5)


def test_first_of_two_checkers_is_not_asked_again_by_a_second_run(five, money_desk) -> None:
    type(five).objects.filter(pk=five.pk).update(second_approval_fen=1)
    batch = batch_jobs.build(by=money_desk.maker, programme=five)
    run(batch)
    asked("submit", money_desk.maker, batch)
    batch_jobs.ask("approve", by=money_desk.checker, batch=batch)
    batch_jobs.batches.decide_approval(by=money_desk.checker, batch=batch)
    assert run(batch).state == "done"
    assert (batch.state, batch.second_by) == ("submitted", None)


def test_only_one_job_works_on_a_list(draft, money_desk) -> None:
    batch_jobs.ask("submit", by=money_desk.maker, batch=draft)
    with pytest.raises(Stale, match="being worked on"):
        batch_jobs.ask("cancel", by=money_desk.maker, batch=draft, reason="Wrong day")


def test_job_of_a_refused_step_says_why(approved, money_desk) -> None:
    batch_jobs.ask("release", by=money_desk.checker, batch=approved)
    for right in approved.programme.entitlements.all():
        entitlements.void(by=entitlements.SYSTEM, entitlement=right, reason="Left the trade")
    assert run(approved).state == "failed"
    assert "Nobody on this list" in batch_jobs.last_error(approved)
    assert approved.state == "notice_closed"


@pytest.mark.parametrize(("verb", "who"), [("reject", "checker"), ("cancel", "maker")])
def test_stopped_long_list_frees_everybody(approved, money_desk, verb, who) -> None:
    asked(verb, getattr(money_desk, who), approved, reason="Two names are wrong")
    assert payouts.states(approved) == ["dropped"] * 5
    assert batch_jobs.resume() == 0


def test_maker_is_refused_before_any_job(draft, money_desk) -> None:
    asked("submit", money_desk.maker, draft)
    with pytest.raises(Refused):
        batch_jobs.ask("approve", by=money_desk.maker, batch=draft)
    assert batch_jobs.open_job(draft) is None


def statements(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work()
    return len(captured)


def test_statements_of_a_chunk_do_not_grow_with_its_lines(money_desk) -> None:
    """Make, approve and release a list of two, then of twelve: the same number of statements."""
    counts = []
    for people in (1, 2, 12):  # the first fills what is read once and kept
        for _number in range(people):
            payouts.entitled_member(money_desk.unit)
        programme = payouts.programme()
        entitlements.evaluate(programme)
        counts.append(statements(lambda made=programme: _to_the_bank(made, money_desk)))
        _finish(programme)
    assert counts[1] == counts[2]


def _to_the_bank(programme, desk) -> None:
    batch = batch_jobs.build(by=desk.maker, programme=programme)
    batch_jobs.ask("submit", by=desk.maker, batch=batch)
    batch_jobs.ask("approve", by=desk.checker, batch=batch)
    batch_jobs.ask("release", by=desk.checker, batch=batch)


def _finish(programme) -> None:
    assert set(payouts.rights(programme)) == {"in_payment"}
