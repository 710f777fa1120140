"""Two persons, bound lines, and what the database refuses by itself."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from benefits.actions import bankfiles, batches, entitlements, notices, payout_files
from benefits.models import BankFile, Entitlement, PayoutBatch, PayoutLine
from benefits.queries.payouts import lines_digest, obstacles
from benefits.states.payouts import BATCH_MACHINE, LINE_MACHINE
from benefits.transports import folder
from tests.factories import members, payouts
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.models import AuditEvent, Grant, User

pytestmark = pytest.mark.usefixtures("_books_agree")


@pytest.fixture
def draft(money_desk):
    """A draft of two people."""
    for name in ("张三", "李四"):
        payouts.entitled_member(money_desk.unit, name=name)
    programme = payouts.programme()
    return batches.build(by=money_desk.maker, programme=programme)


@pytest.fixture
def submitted(draft, money_desk):
    return batches.submit(by=money_desk.maker, batch=draft)


@pytest.fixture
def approved(submitted, money_desk):
    return batches.approve(by=money_desk.checker, batch=submitted)


def second_account(user: User, role: str, name: str) -> User:
    """Give the same person another account, the first role having ended yesterday."""
    today = timezone.localdate()
    unit = user.grants.get().unit
    user.grants.update(ended_on=today)
    made = User.objects.create_user(username=name, password="x" * 16, person_key=user.person_key)
    Grant.objects.create(user=made, role=role, unit=unit, started_on=today)
    return made


def test_draft_holds_everybody_payable_in_turn(draft) -> None:
    assert (draft.state, draft.line_count, draft.total_fen) == ("draft", 2, 10_000)
    assert [line.holder_name for line in draft.lines.order_by("seq")] == ["张三", "李四"]
    assert payouts.states(draft) == ["planned"] * 2
    assert draft.number == f"PB{timezone.localdate():%Y%m%d}001"


def test_numbers_of_a_day_count_up(draft, money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    entitlements.evaluate(draft.programme)
    second = batches.build(by=money_desk.maker, programme=draft.programme)
    assert second.number == draft.number[:-1] + "2"
    assert second.line_count == 1


def test_order_number_is_the_same_for_person_cycle_and_attempt(draft, money_desk) -> None:
    before = set(draft.lines.values_list("order_no", flat=True))
    batches.cancel(by=money_desk.maker, batch=draft, reason="Wrong day")
    again = batches.build(by=money_desk.maker, programme=draft.programme)
    assert set(again.lines.values_list("order_no", flat=True)) == before
    assert all(len(number) == 32 and number.isalnum() for number in before)


def test_person_on_a_list_is_on_no_other(draft, money_desk) -> None:
    with pytest.raises(Refused, match="Nobody can be paid now"):
        batches.build(by=money_desk.maker, programme=draft.programme)


def test_file_is_the_reference_profile_to_the_byte(approved, money_desk, settings) -> None:
    settings.PAYER_NAME = "ignored after the list was made"
    batches.release(by=money_desk.checker, batch=approved)
    first, second = approved.lines.order_by("seq").select_related("payee_account")
    today = timezone.localdate()
    assert payouts.rendered(approved) == (
        f"H|{approved.number}|{today:%Y%m%d}|6217000000000006|示例区总工会|2|100.00|绿色出行补贴\r\n"
        f"D|000001|{first.payee_account.number}|张三|50.00|绿色出行补贴|{first.order_no}\r\n"
        f"D|000002|{second.payee_account.number}|李四|50.00|绿色出行补贴|{second.order_no}\r\n"
        "T|2|100.00\r\n"
    )
    content = payouts.rendered(approved).encode("gbk")
    assert BankFile.objects.get().sha256 == hashlib.sha256(content).hexdigest()


def test_release_commits_sending_before_any_byte(approved, money_desk, settings, tmp_path) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    assert payouts.states(approved) == ["sending"] * 2
    assert not (tmp_path / "bank" / "out").exists()
    bankfiles.send(approved.file.pk)
    assert [path.name for path in (tmp_path / "bank" / "out").iterdir()] == [
        f"{approved.number}.txt"
    ]
    assert payouts.states(approved) == ["sent"] * 2


def test_file_is_published_once_however_often_it_is_sent(approved, money_desk, tmp_path) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    assert bankfiles.send(approved.file.pk)
    (tmp_path / "bank" / "out" / f"{approved.number}.txt").unlink()
    assert not bankfiles.send(approved.file.pk)
    assert list((tmp_path / "bank" / "out").iterdir()) == []


def test_file_published_before_a_crash_is_not_published_again(
    approved, money_desk, tmp_path
) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    file, token, out = approved.file, new_id(), tmp_path / "bank" / "out"
    folder.stage(file.name, b"what the first worker staged", token)
    BankFile.objects.filter(pk=file.pk).update(stage_token=token)
    assert folder.publish(file.name, token)
    (out / file.name).unlink()  # the bank has taken it; then the worker died
    assert bankfiles.send(file.pk)
    assert list(out.iterdir()) == []
    assert payouts.states(approved) == ["sent"] * 2


def test_staged_file_is_invisible_until_published_and_then_used_up(tmp_path) -> None:
    token = new_id()
    folder.stage("PB1.txt", b"x", token)
    out = tmp_path / "bank" / "out"
    assert [path.name[0] for path in out.iterdir()] == ["."]
    assert [folder.publish("PB1.txt", token), folder.publish("PB1.txt", token)] == [True, False]
    assert (out / "PB1.txt").read_bytes() == b"x"


# ---- maker is not checker: four ways in (security.md section 2, row 13) ------------------------


def test_maker_lacks_the_checkers_right(submitted, money_desk) -> None:
    with pytest.raises(NotAllowed, match="Your role does not allow this"):
        batches.approve(by=money_desk.maker, batch=submitted)


def test_second_account_of_the_maker_is_refused_by_the_action(submitted, money_desk) -> None:
    other = second_account(money_desk.maker, "finance_checker", "other_account")
    with pytest.raises(NotAllowed, match="Another person must approve"):
        batches.approve(by=other, batch=submitted)


def test_second_account_of_the_maker_is_refused_by_the_database(submitted, money_desk) -> None:
    other = second_account(money_desk.maker, "finance_checker", "other_account")
    values = {"approved_by": other, "approved_key": other.person_key,
              "approved_at": timezone.now(), "lines_digest": "0" * 64}  # fmt: skip
    with pytest.raises(DatabaseError, match="did not make it"), transaction.atomic():
        PayoutBatch.objects.filter(pk=submitted.pk).update(state="approved", **values)


def test_borrowed_key_is_refused_by_the_database(submitted, money_desk) -> None:
    with pytest.raises(DatabaseError, match="did not make it"), transaction.atomic():
        PayoutBatch.objects.filter(pk=submitted.pk).update(
            state="approved", approved_by=money_desk.maker, approved_at=timezone.now(),
            approved_key=money_desk.checker.person_key, lines_digest="0" * 64,
        )  # fmt: skip


def test_raw_sql_cannot_approve_for_the_maker(submitted, money_desk) -> None:
    statement = (
        "UPDATE benefits_payoutbatch SET state = 'approved', approved_by_id = submitted_by_id,"
        " approved_key = submitted_key, approved_at = now(), lines_digest = repeat('0', 64)"
        " WHERE id = %s"
    )
    with (
        pytest.raises(DatabaseError, match="did not make it"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [submitted.pk])


def test_approval_without_a_person_is_refused_by_the_database(submitted) -> None:
    with pytest.raises(DatabaseError, match="batch_bound_is_approved"), transaction.atomic():
        PayoutBatch.objects.filter(pk=submitted.pk).update(state="approved")


def test_maker_never_releases(approved, money_desk) -> None:
    other = second_account(money_desk.maker, "finance_checker", "other_account")
    with pytest.raises(NotAllowed):
        batches.release(by=other, batch=approved)
    with pytest.raises(DatabaseError, match="never releases"), transaction.atomic():
        PayoutBatch.objects.filter(pk=approved.pk).update(
            state="released", released_by=money_desk.maker, released_at=timezone.now()
        )


def test_account_without_a_person_may_not_approve(submitted, make_user) -> None:
    nobody = make_user("nobody")
    with pytest.raises(NotAllowed):
        batches.approve(by=nobody, batch=submitted)


# ---- a large list needs two checkers -----------------------------------------------------------


def test_large_list_waits_for_a_second_checker(money_desk, make_user) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(second_approval_fen=5_000)
    batch = batches.build(by=money_desk.maker, programme=programme)
    batches.submit(by=money_desk.maker, batch=batch)
    batches.approve(by=money_desk.checker, batch=batch)
    assert (batch.state, batch.needs_second) == ("submitted", True)
    with pytest.raises(NotAllowed, match="needs a second checker"):
        batches.approve(by=money_desk.checker, batch=batch)
    batches.approve(by=make_user("second", "finance_checker"), batch=batch)
    assert batch.state == "notice_closed"


def test_list_below_the_limit_needs_one_checker(draft) -> None:
    assert draft.needs_second is False


# ---- lines are bound by the approval (row 14) --------------------------------------------------

OTHER = {
    "order_no": "A" * 32, "amount_fen": 1, "seq": 99, "attempt": 2, "holder_name": "王五",
    "number_index": "00000000-0000-0000-0000-000000000001",
}  # fmt: skip


@pytest.mark.parametrize("field", [*OTHER, "payee_account_id", "entitlement_id", "batch_id"])
def test_changed_line_is_refused_by_the_database(approved, field) -> None:
    line = approved.lines.first()
    value = OTHER.get(field, line.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutLine.objects.filter(pk=line.pk).update(**{field: value})


def test_added_line_is_refused_by_the_database(approved, money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    entitlements.evaluate(approved.programme)
    line = approved.lines.first()
    line.entitlement = Entitlement.objects.get(lines__isnull=True)
    line.pk, line.seq, line.order_no, line.state = members.scan().pk, 3, "B" * 32, "planned"
    with pytest.raises(DatabaseError, match="draft only"), transaction.atomic():
        line.save(force_insert=True)


def test_removed_line_is_refused_by_the_database(approved) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM benefits_payoutline WHERE batch_id = %s", [approved.pk])


@pytest.mark.parametrize("field", ["lines_digest", "total_fen", "summary", "payer_account"])
def test_changed_batch_is_refused_by_the_database(approved, field) -> None:
    value = 1 if field == "total_fen" else "f" * 12
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutBatch.objects.filter(pk=approved.pk).update(**{field: value})


def tamper(line: PayoutLine, **values) -> None:
    """Change a line as somebody who switched the triggers off would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        PayoutLine.objects.filter(pk=line.pk).update(**values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize("field", ["order_no", "amount_fen", "seq", "holder_name", "number_index"])
def test_line_changed_behind_the_triggers_is_not_released(approved, money_desk, field) -> None:
    line = approved.lines.first()
    before = getattr(line, field)
    tamper(line, **{field: OTHER[field]})
    with pytest.raises(Refused, match="not the one that was approved"):
        batches.release(by=money_desk.checker, batch=approved)
    tamper(line, **{field: before})


def test_line_changed_after_release_is_not_sent(approved, money_desk, tmp_path) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    line = approved.lines.first()
    tamper(line, amount_fen=500_000)
    with pytest.raises(Refused, match="not the one that was approved"):
        bankfiles.send(approved.file.pk)
    assert not (tmp_path / "bank" / "out").exists()
    tamper(line, amount_fen=5_000)


def test_list_looked_at_before_a_change_is_stale(submitted, money_desk) -> None:
    with pytest.raises(Stale):
        batches.approve(by=money_desk.checker, batch=submitted, version="0" * 64)
    shown = lines_digest(submitted)
    assert batches.approve(by=money_desk.checker, batch=submitted, version=shown).state == (
        "notice_closed"
    )


# ---- lines that may no longer be paid ----------------------------------------------------------


def test_account_changed_after_approval_is_left_out(approved, money_desk) -> None:
    line = approved.lines.get(seq=1)
    account = line.payee_account
    type(account).objects.filter(pk=account.pk).update(
        usable_from=timezone.now() + timedelta(hours=1)
    )
    batches.release(by=money_desk.checker, batch=approved)
    assert payouts.states(approved) == ["dropped", "sending"]
    line.refresh_from_db()
    assert (line.reason, line.entitlement.state) == ("account_changed", "reserved")
    assert "|1|50.00|" in payouts.rendered(approved)
    payouts.answer(approved)
    assert payouts.states(approved) == ["dropped", "paid"]


def test_right_ended_after_approval_is_left_out(approved, money_desk, district_officer) -> None:
    right = approved.lines.get(seq=2).entitlement
    entitlements.void(by=district_officer, entitlement=right, reason="Left the trade")
    batches.release(by=money_desk.checker, batch=approved)
    assert payouts.states(approved) == ["sending", "dropped"]


def test_list_of_nobody_left_is_not_released(approved, money_desk, district_officer) -> None:
    for line in approved.lines.all():
        entitlements.void(by=district_officer, entitlement=line.entitlement, reason="Left")
    with pytest.raises(Refused, match="Nobody on this list"):
        batches.release(by=money_desk.checker, batch=approved)


def test_right_with_the_bank_cannot_be_ended(approved, money_desk, district_officer) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    right = approved.lines.first().entitlement
    with pytest.raises(Stale):
        entitlements.void(by=district_officer, entitlement=right, reason="Too late")


def test_people_who_cannot_be_paid_are_named_with_the_reason(money_desk) -> None:
    payouts.entitled_member(money_desk.unit, name="张三")
    bare = members.membership(money_desk.unit)
    payouts.card(
        bare, payee_account=payouts.account(bare, usable_from=timezone.now() + timedelta(days=1))
    )
    odd = members.membership(money_desk.unit)
    payouts.card(odd, payee_account=payouts.account(odd, holder_name="𠮷田"))
    programme = payouts.programme()
    batch = batches.build(by=money_desk.maker, programme=programme)
    assert [line.holder_name for line in batch.lines.all()] == ["张三"]
    assert {one.code: one.count for one in obstacles(programme)} == {"no_account": 1, "name": 1}


# ---- stopping, notice, states ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "who"), [(batches.reject, "checker"), (batches.cancel, "maker")]
)
def test_stopped_list_frees_its_people(submitted, money_desk, action, who) -> None:
    action(by=getattr(money_desk, who), batch=submitted, reason="Two names are wrong")
    assert payouts.states(submitted) == ["dropped"] * 2
    assert submitted.stop_reason == "Two names are wrong"
    again = batches.build(by=money_desk.maker, programme=submitted.programme)
    assert again.line_count == 2


def test_stopping_asks_for_a_reason(submitted, money_desk) -> None:
    with pytest.raises(Refused, match="Give a reason"):
        batches.reject(by=money_desk.checker, batch=submitted, reason=" ")


def test_released_list_cannot_be_stopped(approved, money_desk) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    with pytest.raises(Stale):
        batches.cancel(by=money_desk.maker, batch=approved, reason="Too late")


def test_notice_runs_for_working_days_and_then_ends_by_itself(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(notice_days=3)
    batch = batches.build(by=money_desk.maker, programme=programme)
    batches.submit(by=money_desk.maker, batch=batch)
    batches.approve(by=money_desk.checker, batch=batch)
    assert batch.state == "notice_open"
    assert notices.close_due() == 0
    with pytest.raises(Stale):
        batches.release(by=money_desk.checker, batch=batch)
    payouts.hung_out(batch)
    assert notices.close_due() == 1


def test_notice_skips_weekends_and_public_holidays() -> None:
    friday, national_day = date(2026, 3, 6), date(2026, 9, 30)
    assert notices.notice_end(friday, 3) == date(2026, 3, 11)
    assert notices.notice_end(friday, 0) == friday
    assert notices.notice_end(national_day, 1) > date(2026, 10, 7)


@pytest.mark.parametrize("machine", [BATCH_MACHINE, LINE_MACHINE], ids=lambda m: m.name)
def test_every_state_but_the_first_is_reached_and_every_verb_is_used(machine) -> None:
    targets = {step.target for step in machine.steps}
    sources = {source for step in machine.steps for source in step.sources}
    assert sources - targets <= {machine.steps[0].sources[0]}


def test_state_no_table_knows_is_refused_by_the_database(draft) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutBatch.objects.filter(pk=draft.pk).update(state="closed")
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutLine.objects.filter(batch=draft).update(state="paid")


def test_every_step_has_an_audit_row_with_its_actor(approved, money_desk) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    bankfiles.send(approved.file.pk)
    rows = AuditEvent.objects.filter(target_id=str(approved.pk)).order_by("id")
    assert list(rows.values_list("verb", "actor_label")) == [
        ("payout_batch.make", "finance_maker"),
        ("payout_batch.submit", "finance_maker"),
        ("payout_batch.approve", "finance_checker"),
        ("payout_batch.open_notice", "service:system"),
        ("payout_batch.close_notice", "service:system"),
        ("payout_batch.release", "finance_checker"),
        ("payout_batch.hand_over", "service:system"),
    ]
    line = approved.lines.first()
    verbs = AuditEvent.objects.filter(target_id=str(line.pk)).values_list("verb", flat=True)
    assert sorted(verbs) == ["payout_line.approve", "payout_line.mark_sent", "payout_line.send"]


def test_download_is_for_makers_and_checkers_and_logged(
    approved, money_desk, district_officer
) -> None:
    with pytest.raises(Refused, match="not released"):
        payout_files.download(by=money_desk.maker, batch=approved)
    batches.release(by=money_desk.checker, batch=approved)
    name, content = payout_files.download(by=money_desk.maker, batch=approved)
    assert (name, content.decode("gbk")) == (f"{approved.number}.txt", payouts.rendered(approved))
    with pytest.raises(NotAllowed):
        payout_files.download(by=district_officer, batch=approved)


def test_only_a_file_that_goes_by_hand_is_handed_over_by_hand(approved, money_desk) -> None:
    batches.release(by=money_desk.checker, batch=approved)
    with pytest.raises(Refused, match="by itself"):
        payout_files.hand_over(by=money_desk.checker, batch=approved)


def test_amount_of_a_right_cannot_be_changed(draft) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Entitlement.objects.update(amount_fen=1)
