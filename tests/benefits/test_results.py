"""The bank's answers: whole files or nothing, each thing said once, any order the same end."""

from __future__ import annotations

import random

import pytest
from django.db import IntegrityError, transaction

from benefits import ledger
from benefits.actions import bankfiles, batches, results
from benefits.evidence import Said, find
from benefits.models import BankFile, LineEvidence, PayoutBatch, PayoutLine, Posting
from benefits.states.payouts import EvidenceSource, LineState, Outcome, Reason
from tests.factories import payouts
from unionportal.core.actors import BANK

pytestmark = pytest.mark.usefixtures("_books_agree")


def again(batch):
    return PayoutBatch.objects.get(pk=batch.pk)


def test_paid_and_failed_lines_end_with_their_reasons(paid_three) -> None:
    receipt = payouts.answer(paid_three.batch, failed={2: ("0014", "户名不符")})
    assert receipt.file.state == "applied"
    assert receipt.file.counts == {"answers": 3, "new": 3, "paid": 2, "failed": 1}
    assert payouts.states(paid_three.batch) == ["paid", "failed", "paid"]
    failed = paid_three.batch.lines.get(state="failed")
    assert (failed.reason, failed.bank_code, failed.bank_text) == (
        "name_mismatch",
        "0014",
        "户名不符",
    )
    assert payouts.rights(paid_three.programme) == ["paid", "reserved", "paid"]
    assert again(paid_three.batch).state == "closed"
    assert vars(payouts.money(paid_three.programme)) == {
        "free": 485_000, "reserved": 5_000, "paid": 10_000,
    }  # fmt: skip


def test_same_file_twice_changes_nothing(paid_three) -> None:
    payouts.answer(paid_three.batch)
    postings = Posting.objects.count()
    receipt = payouts.answer(paid_three.batch)
    assert receipt.is_repeat
    assert Posting.objects.count() == postings
    assert BankFile.objects.get(direction="in").repeats == 1


def test_same_answers_in_another_file_are_known(paid_three) -> None:
    rows = payouts.answers(paid_three.batch)
    payouts.answer(paid_three.batch, rows=rows)
    receipt = payouts.answer(paid_three.batch, rows=rows[::-1])
    assert receipt.file.counts == {"answers": 3, "new": 0}
    assert payouts.states(paid_three.batch) == ["paid"] * 3


def test_answers_split_over_files_close_the_batch_with_the_last(paid_three) -> None:
    rows = payouts.answers(paid_three.batch)
    payouts.answer(paid_three.batch, rows=rows[:2])
    assert payouts.states(paid_three.batch) == ["paid", "paid", "sent"]
    assert again(paid_three.batch).state == "reconciling"
    payouts.answer(paid_three.batch, rows=rows[2:])
    assert again(paid_three.batch).state == "closed"


def spoiled(rows: list[dict], **changes) -> list[dict]:
    return [{**rows[0], **changes}, *rows[1:]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"order_no": "A" * 32}, "unknown_order"),
        ({"account": "6217000000000006"}, "other_account"),
        ({"holder": "王五"}, "other_name"),
        ({"fen": 5001}, "other_amount"),
        ({"seq": 9}, "other_seq"),
    ],
)
def test_line_that_was_not_sent_like_this_sets_the_file_apart(paid_three, changes, code) -> None:
    before = Posting.objects.count()
    receipt = payouts.answer(
        paid_three.batch, rows=spoiled(payouts.answers(paid_three.batch), **changes)
    )
    assert receipt.file.state == "quarantined"
    assert [(p["code"], p["line"]) for p in receipt.file.problems] == [(code, 2)]
    assert payouts.states(paid_three.batch) == ["sent"] * 3
    assert Posting.objects.count() == before
    assert not LineEvidence.objects.exists()


def test_order_answered_twice_in_one_file_sets_it_apart(paid_three) -> None:
    rows = payouts.answers(paid_three.batch)
    receipt = payouts.answer(paid_three.batch, rows=[*rows, rows[0]])
    assert receipt.file.state == "quarantined"
    assert {p["code"] for p in receipt.file.problems} == {"twice"}
    assert payouts.states(paid_three.batch) == ["sent"] * 3


@pytest.mark.parametrize("cut", [0.4, 0.7, 0.95])
def test_truncated_file_is_set_apart(paid_three, cut) -> None:
    content = payouts.result_file(paid_three.batch.number, payouts.answers(paid_three.batch))
    part = content[: int(len(content) * cut)]
    receipt = bankfiles.receive(content=part, name="R.txt", by=BANK)
    assert receipt.file.state == "quarantined"
    assert payouts.states(paid_three.batch) == ["sent"] * 3


def test_file_cut_between_lines_is_set_apart_by_its_counts(paid_three) -> None:
    content = payouts.result_file(paid_three.batch.number, payouts.answers(paid_three.batch))
    part = b"".join(content.splitlines(keepends=True)[:-1])
    receipt = bankfiles.receive(content=part, name="R.txt", by=BANK)
    assert {p["code"] for p in receipt.file.problems} == {"count", "total"}
    assert payouts.states(paid_three.batch) == ["sent"] * 3


def test_file_of_no_known_batch_is_set_apart(paid_three) -> None:
    content = payouts.result_file("PB20990101001", payouts.answers(paid_three.batch))
    receipt = bankfiles.receive(content=content, name="R.txt", by=BANK)
    assert [p["code"] for p in receipt.file.problems] == ["unknown_batch"]


def test_words_nobody_knows_leave_the_line_unknown(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0099", "处理中")})
    line = paid_three.batch.lines.get(seq=1)
    assert (line.state, line.reason, line.bank_text) == ("unknown", "unknown_text", "处理中")
    assert again(paid_three.batch).state == "reconciling"
    assert payouts.money(paid_three.programme).reserved == 5_000


def test_repeat_said_by_the_bank_is_asked_about_not_failed(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0030", "重复")})
    line = paid_three.batch.lines.get(seq=1)
    assert (line.state, line.reason) == ("unknown", "duplicate")


def test_paid_then_failed_is_contested_and_never_overwritten(paid_three) -> None:
    payouts.answer(paid_three.batch)
    payouts.answer(paid_three.batch, failed={1: ("0014", "户名不符")})
    line = paid_three.batch.lines.get(seq=1)
    assert (line.state, line.reason, line.review) == ("unknown", "contradiction", "contested")
    assert line.entitlement.review == "contested"
    assert again(paid_three.batch).state == "reconciling"
    assert line.evidence.count() == 2


def test_failed_then_paid_ends_like_paid_then_failed(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0014", "户名不符")})
    payouts.answer(paid_three.batch)
    line = paid_three.batch.lines.get(seq=1)
    assert (line.state, line.review, line.entitlement.state) == (
        "unknown",
        "contested",
        "in_payment",
    )


def test_silence_makes_unknown_and_a_late_answer_settles(paid_three) -> None:
    type(paid_three.programme).objects.update(answer_minutes=0)
    assert results.note_silence() == 3
    assert payouts.states(paid_three.batch) == ["unknown"] * 3
    assert set(paid_three.batch.lines.values_list("reason", flat=True)) == {"no_answer"}
    payouts.answer(paid_three.batch)
    assert payouts.states(paid_three.batch) == ["paid"] * 3
    assert again(paid_three.batch).state == "closed"


def test_line_in_time_is_not_silent(paid_three) -> None:
    assert results.note_silence() == 0


def refuse(batch, code: str) -> None:
    refusal = BankFile.objects.create(
        direction="in", kind="reject", name="X.txt", sha256="0" * 64, state="received",
        attachment=payouts.members.scan(kind="bank_file"),
    )  # fmt: skip
    with transaction.atomic():
        results.refuse(batch.file, refusal, code)


def test_refused_file_fails_every_line(paid_three) -> None:
    refuse(paid_three.batch, "0031")
    assert payouts.states(paid_three.batch) == ["failed"] * 3
    assert set(paid_three.batch.lines.values_list("reason", flat=True)) == {"batch_rejected"}
    assert payouts.rights(paid_three.programme) == ["reserved"] * 3


def test_file_refused_as_repeated_still_stands(paid_three) -> None:
    refuse(paid_three.batch, "0030")
    assert payouts.states(paid_three.batch) == ["sent"] * 3
    payouts.answer(paid_three.batch)
    assert payouts.states(paid_three.batch) == ["paid"] * 3


def test_refusal_after_payment_is_contested(paid_three) -> None:
    payouts.answer(paid_three.batch)
    refuse(paid_three.batch, "0032")
    assert payouts.states(paid_three.batch) == ["unknown"] * 3


def test_answer_before_the_hand_over_is_recorded_is_taken(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    batch = payouts.released(
        payouts.programme(), maker=money_desk.maker, checker=money_desk.checker,
        is_handed_over=False,
    )  # fmt: skip
    payouts.answer(batch)
    assert payouts.states(batch) == ["paid"]
    bankfiles.send(batch.file.pk)
    results.sweep()
    assert payouts.states(batch) == ["paid"]
    assert again(batch).state == "closed"


def test_bank_that_paid_one_line_twice_is_listed_for_a_person(paid_three) -> None:
    rows = payouts.answers(paid_three.batch)
    payouts.answer(paid_three.batch, rows=rows)
    payouts.answer(paid_three.batch, rows=spoiled(rows, serial="B9999"))
    line = paid_three.batch.lines.get(seq=1)
    assert (line.state, line.review) == ("paid", "paid_twice")


def test_failed_line_is_paid_by_a_new_line_in_a_new_batch(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0011", "账号不存在")})
    second = payouts.released(
        paid_three.programme, maker=paid_three.maker, checker=paid_three.checker
    )
    line = second.lines.get()
    first = paid_three.batch.lines.get(seq=1)
    assert (line.attempt, line.entitlement_id) == (2, first.entitlement_id)
    assert line.order_no != first.order_no
    payouts.answer(second)
    assert payouts.rights(paid_three.programme) == ["paid"] * 3


def test_failed_line_rests_before_it_is_paid_again(paid_three) -> None:
    type(paid_three.programme).objects.update(cooling_minutes=60)
    payouts.answer(paid_three.batch, failed={1: ("0011", "账号不存在")})
    with pytest.raises(Exception, match="Nobody can be paid now"):
        batches.build(by=paid_three.maker, programme=paid_three.programme)


def test_paid_word_after_a_second_attempt_marks_the_person(paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0011", "账号不存在")})
    second = payouts.released(
        paid_three.programme, maker=paid_three.maker, checker=paid_three.checker
    )
    payouts.answer(paid_three.batch)
    first = paid_three.batch.lines.get(seq=1)
    assert (first.state, first.review) == ("failed", "said_after_repeat")
    assert second.lines.get().entitlement.review == "said_after_repeat"


def said(outcome: str, source: str = EvidenceSource.BANK_FILE, serial: str = "") -> Said:
    return Said(source, outcome, serial=serial)


@pytest.mark.parametrize(
    ("set_", "state"),
    [
        ([], None),
        ([said(Outcome.SUCCESS)], LineState.PAID),
        ([said(Outcome.FAILURE)], LineState.FAILED),
        ([said(Outcome.UNCLEAR)], LineState.UNKNOWN),
        ([said(Outcome.UNCLEAR), said(Outcome.SUCCESS)], LineState.PAID),
        ([said(Outcome.UNCLEAR), said(Outcome.FAILURE)], LineState.FAILED),
        ([said(Outcome.FAILURE), said(Outcome.SUCCESS)], LineState.UNKNOWN),
        ([said(Outcome.SUCCESS), said(Outcome.RETURNED)], LineState.RETURNED),
        ([said(Outcome.RETURNED)], LineState.UNKNOWN),
        (
            [said(Outcome.FAILURE), said(Outcome.SUCCESS),
             said(Outcome.SUCCESS, EvidenceSource.DECISION)],
            LineState.PAID,
        ),
    ],
)  # fmt: skip
def test_state_follows_from_the_evidence_alone(set_, state) -> None:
    assert find(set_).state == state


def test_order_and_repeats_of_evidence_do_not_matter() -> None:
    pool = [said(outcome, source, serial) for outcome in Outcome for source in EvidenceSource
            for serial in ("", "B1", "B2")]  # fmt: skip
    dice = random.Random(20261122)
    for _round in range(1_000):
        chosen = dice.sample(pool, dice.randint(1, 6))
        shuffled = [*chosen, *dice.choices(chosen, k=3)]
        dice.shuffle(shuffled)
        assert find(shuffled) == find(chosen)


def test_no_line_is_paid_without_evidence(paid_three) -> None:
    with pytest.raises(IntegrityError, match="by evidence only"), transaction.atomic():
        PayoutLine.objects.filter(batch=paid_three.batch).update(
            state="paid", settled_at=paid_three.batch.made_at
        )


def test_reason_table_covers_every_code_of_the_simulated_bank() -> None:
    from benefits import bank_reasons  # noqa: PLC0415 - only this test needs both sides
    from simulators.bank.files import CODES, SUCCESS  # noqa: PLC0415

    for code, text in CODES.items():
        outcome, reason = bank_reasons.read(is_paid=code == SUCCESS, text=text)
        assert reason != Reason.UNKNOWN_TEXT
        assert (outcome == Outcome.SUCCESS) == (code == SUCCESS)


def test_books_check_names_a_counter_that_lies(paid_three) -> None:
    budget = paid_three.programme.budget
    type(budget).objects.filter(pk=budget.pk).update(paid_fen=1)
    assert [found.code for found in ledger.check()] == ["budget_differs_from_accounts"]
    type(budget).objects.filter(pk=budget.pk).update(paid_fen=0)
