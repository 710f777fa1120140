"""Payouts by WeChat: sent once by number, asked about, ended by the query's answer alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection

from benefits import channels, relay
from benefits.actions import orders
from benefits.models import LineEvidence, PayeeAccount, PayoutBatch, PayoutLine, PayoutOrder
from tests.factories import payouts, wechat
from unionportal.core.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
LONG_AGO = "2026-10-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with wechat.serving(tmp_path_factory.mktemp("wechat")) as running:
        yield running


@pytest.fixture
def desk(server, money_desk, settings):
    settings.WECHAT_PAY_KEYS = str(server.folder / "keys")
    settings.WECHAT_PAY_API = server.address
    settings.WECHAT_PAY_NOTIFY_URL = "http://127.0.0.1:9/pay/wechat/"
    return SimpleNamespace(**vars(money_desk), server=server)


@pytest.fixture
def batch(desk) -> PayoutBatch:
    return wechat.released(desk.unit, desk.maker, desk.checker, "张三", "努尔·卡力", "李四")


def go(batch: PayoutBatch, times: int = 1) -> list[str]:
    """Let the relay act `times` on everything; return the lines' states."""
    for _time in range(times):
        wechat.all_due(batch)
        relay.run_pass()
    return payouts.states(batch)


def test_a_batch_is_sent_waits_for_its_members_and_is_paid_once(batch, desk):
    assert payouts.states(batch) == ["sending"] * 3
    assert go(batch) == ["awaiting_payee"] * 3
    batch.refresh_from_db()
    assert (batch.state, batch.handed_over_at is not None) == ("reconciling", True)
    assert PayoutOrder.objects.filter(package__isnull=False).count() == 3
    desk.server.order("confirm", "--all")
    assert go(batch) == ["paid"] * 3
    batch.refresh_from_db()
    assert batch.state == "closed"
    assert set(desk.server.paid(batch).values()) == {1}
    assert PayoutOrder.objects.filter(due_at__isnull=False).count() == 0


def test_the_name_goes_out_encrypted_and_the_terms_are_the_lines(batch, desk):
    go(batch)
    numbers = dict(batch.lines.values_list("order_no", "holder_name"))
    bills = {row["out_bill_no"]: row for row in desk.server.order("ledger", "--bills")}
    assert {number: bills[number]["name"] for number in numbers} == numbers
    assert {bills[number]["amount_fen"] for number in numbers} == {5000}


@pytest.mark.parametrize(
    "kind",
    ["error-after-commit", "refuse", "late-commit", "reset", "too-many", "wrong-number",
     "wrong-amount", "unknown-code", pytest.param("hang", marks=pytest.mark.deep)],
)  # fmt: skip
def test_whatever_goes_wrong_when_sending_the_order_is_paid_once(batch, desk, kind):
    desk.server.plan(kind, batch, "--seconds", "11")
    states = go(batch)
    assert states[0] in {"sending", "unknown"}
    assert PayoutOrder.objects.get(line__seq=1).step == "query"
    assert go(batch, 3) == ["awaiting_payee"] * 3
    desk.server.order("confirm", "--all")
    assert go(batch) == ["paid"] * 3
    assert set(desk.server.paid(batch).values()) == {1}


def test_not_found_is_no_failure_the_same_number_goes_out_again(batch, desk):
    desk.server.plan("refuse", batch)
    go(batch, 2)
    order = PayoutOrder.objects.select_related("line").get(line__seq=1)
    assert (order.line.state, order.step, order.tries) == ("sending", "send", 1)
    go(batch)
    calls = desk.server.order("ledger", "--calls")
    mine = [(row["kind"], row["status"]) for row in calls
            if row["out_bill_no"] == order.line.order_no]  # fmt: skip
    assert mine == [("create", 500), ("query", 404), ("create", 200)]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("NAME_NOT_CORRECT", "name_mismatch"), ("REAL_NAME_CHECK_FAIL", "not_real_name"),
     ("SOMETHING_NEW", "unknown_text")],
)  # fmt: skip
def test_a_failed_transfer_frees_the_right_for_a_new_number(batch, desk, code, reason):
    desk.server.plan("fail", batch, "--code", code)
    go(batch, 2)
    line = batch.lines.get(seq=1)
    assert (line.state, line.reason, line.bank_code) == ("failed", reason, code)
    again = payouts.released(batch.programme, maker=desk.maker, checker=desk.checker)
    assert again.lines.get().attempt == 2
    assert again.lines.get().order_no != line.order_no


def test_what_nobody_claims_is_offered_again(batch, desk):
    go(batch)
    desk.server.order("clock", "--advance", "86401")
    states = payouts.states(batch)
    for _try in range(50):
        states = go(batch)
        if states == ["failed"] * 3:
            break
    assert states == ["failed"] * 3
    assert set(batch.lines.values_list("reason", flat=True)) == {"unclaimed"}


def test_an_answer_about_another_amount_is_reported_and_not_believed(batch, desk):
    go(batch)
    desk.server.order("confirm", "--all")
    desk.server.plan("query-wrong-amount", batch)
    assert go(batch) == ["awaiting_payee", "paid", "paid"]
    assert AuditEvent.objects.filter(verb="alert.channel_answer_differs").count() == 1
    assert go(batch) == ["paid"] * 3


def force(batch: PayoutBatch, fen: int) -> None:
    """Change the first line behind the triggers' back."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE benefits_payoutline SET amount_fen = %s WHERE batch_id = %s"
                       " AND seq = 1", [fen, batch.pk])  # fmt: skip
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_a_changed_list_does_not_leave(batch, desk):
    force(batch, 5001)
    before = len(desk.server.order("ledger", "--calls"))
    assert relay.run_pass() == 0
    assert len(desk.server.order("ledger", "--calls")) == before
    assert AuditEvent.objects.filter(verb="alert.batch_kept_back").count() == 1
    force(batch, 5000)


def test_what_a_dead_relay_held_is_asked_about_first(batch, desk):
    claimed = orders.claim()
    assert [item.step for item in claimed] == ["send"] * 3
    assert orders.claim() == []  # leased
    PayoutOrder.objects.update(lease_until="2026-01-01T00:00:00+00:00")
    assert [item.step for item in orders.claim()] == ["query"] * 3


def test_the_intention_is_committed_before_the_call(batch):
    orders.claim()
    assert PayoutOrder.objects.filter(tried_at__isnull=True).count() == 0
    assert payouts.states(batch) == ["sending"] * 3


def test_answers_repeated_and_late_change_nothing(batch, desk):
    go(batch)
    desk.server.order("confirm", "--all")
    go(batch)
    PayoutOrder.objects.update(due_at="2026-01-01T00:00:00+00:00")
    before = LineEvidence.objects.count()
    relay.run_pass()
    assert LineEvidence.objects.count() == before


def test_orders_a_month_old_are_left_to_the_bill(batch):
    go(batch)
    PayoutLine.objects.update(sending_at=LONG_AGO, sent_at=LONG_AGO)
    PayoutOrder.objects.update(tried_at=LONG_AGO)
    assert orders.stop_asking() == 3
    assert payouts.states(batch) == ["unknown"] * 3
    assert PayoutOrder.objects.filter(due_at__isnull=False).count() == 0


def test_amounts_without_room_for_a_name_are_told_before(desk):
    programme = payouts.programme(channel="wechat", amount_fen=29)
    channel = channels.get(programme.channel)
    assert channel.obstacle(PayeeAccount(holder_name="张三"), 29) == "amount"
    assert channel.obstacle(PayeeAccount(holder_name="张三"), 30) == ""
