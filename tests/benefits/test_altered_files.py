"""Twenty result files somebody altered: each set apart whole, told once, nothing posted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benefits.actions import bankfiles
from benefits.models import BankFile, Entitlement, LineEvidence, PayoutLine, Posting
from tests.factories import payouts
from unionportal.core.actors import BANK
from unionportal.core.models import AuditEvent

Lines = list[list[str]]
HEAD, FIRST, SECOND, LAST = 0, 1, 2, 3
NUMBER, COUNT, TOTAL, PAID_COUNT, PAID_TOTAL = 1, 3, 4, 5, 6
SEQ, ACCOUNT, HOLDER, AMOUNT, STATUS, AT, SERIAL, ORDER = 1, 2, 3, 4, 5, 8, 9, 10


def put(line: int, field: int, value: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[line][field] = value

    return change


def pay_more(lines: Lines) -> None:
    """Raise an amount and make every sum fit it."""
    lines[FIRST][AMOUNT] = "5000.00"
    lines[HEAD][TOTAL] = lines[HEAD][PAID_TOTAL] = "5100.00"


def swap_two(field: int) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[FIRST][field], lines[SECOND][field] = lines[SECOND][field], lines[FIRST][field]

    return change


def repeat_line(lines: Lines) -> None:
    lines.append(list(lines[FIRST]))
    lines[HEAD][COUNT] = lines[HEAD][PAID_COUNT] = "4"
    lines[HEAD][TOTAL] = lines[HEAD][PAID_TOTAL] = "200.00"


def say_both(lines: Lines) -> None:
    """Report one line as paid and as failed in one file."""
    again = list(lines[FIRST])
    again[STATUS], again[STATUS + 1], again[STATUS + 2] = "F", "0014", "户名不符"
    again[AT] = again[SERIAL] = ""
    lines.append(again)
    lines[HEAD][COUNT:] = ["4", "200.00", "3", "150.00", "1", "50.00"]


def add_stranger(lines: Lines) -> None:
    stranger = list(lines[FIRST])
    stranger[SEQ], stranger[ORDER] = "000004", "A" * 32
    lines.append(stranger)
    lines[HEAD][COUNT] = lines[HEAD][PAID_COUNT] = "4"
    lines[HEAD][TOTAL] = lines[HEAD][PAID_TOTAL] = "200.00"


def drop_last(lines: Lines) -> None:
    lines.pop()


# What was altered, and for each line (1 is the header) why it does not stand.
ALTERED: dict[str, tuple[Callable[[Lines], None], set[tuple[str, int]]]] = {
    "amount_with_fitting_sums": (pay_more, {("other_amount", 2)}),
    "amount_alone": (put(FIRST, AMOUNT, "60.00"), {("total", 1)}),
    "amount_negative": (put(FIRST, AMOUNT, "-50.00"), {("amount", 2)}),
    "amount_in_fen": (put(FIRST, AMOUNT, "5000"), {("amount", 2)}),
    "account": (put(FIRST, ACCOUNT, "6217000000000006"), {("other_account", 2)}),
    "accounts_swapped": (swap_two(ACCOUNT), {("other_account", 2), ("other_account", 3)}),
    "name": (put(SECOND, HOLDER, "王五"), {("other_name", 3)}),
    "order_unknown": (put(LAST, ORDER, "B" * 32), {("unknown_order", 4)}),
    "orders_swapped": (swap_two(ORDER), {
        ("other_seq", 2), ("other_account", 2), ("other_name", 2),
        ("other_seq", 3), ("other_account", 3), ("other_name", 3)}),
    "line_numbers_swapped": (swap_two(SEQ), {("other_seq", 2), ("other_seq", 3)}),
    "line_twice": (repeat_line, {("twice", 5)}),
    "paid_and_failed": (say_both, {("twice", 5)}),
    "line_added": (add_stranger, {("unknown_order", 5)}),
    "line_removed": (drop_last, {("count", 1), ("total", 1)}),
    "batch_of_nobody": (put(HEAD, NUMBER, "PB20990101001"), {("unknown_batch", 1)}),
    "count": (put(HEAD, COUNT, "4"), {("count", 1)}),
    "sum": (put(HEAD, TOTAL, "150.01"), {("total", 1)}),
    "status_of_nobody": (
        put(FIRST, STATUS, "P"), {("status", 2), ("failed_with_time", 2)}),
    "failed_and_paid_at": (put(FIRST, STATUS, "F"), {("failed_with_time", 2)}),
    "time_that_is_none": (put(FIRST, AT, "20261322103015"), {("time", 2)}),
}  # fmt: skip


def altered(batch, change: Callable[[Lines], None]) -> bytes:
    text = payouts.result_file(batch.number, payouts.answers(batch)).decode("gbk")
    lines = [line.split("|") for line in text.split("\r\n")[:-1]]
    change(lines)
    return "".join("|".join(line) + "\r\n" for line in lines).encode("gbk")


def everything() -> tuple[object, ...]:
    """What no altered file may change."""
    return (
        list(PayoutLine.objects.order_by("pk").values_list()),
        list(Entitlement.objects.order_by("pk").values_list()),
        Posting.objects.count(),
        LineEvidence.objects.count(),
    )


def test_there_are_twenty() -> None:
    assert len(ALTERED) == 20


@pytest.mark.parametrize("name", ALTERED)
def test_altered_file_is_set_apart_and_told_once(paid_three, name) -> None:
    change, reasons = ALTERED[name]
    before = everything()
    content = altered(paid_three.batch, change)
    for _time in range(2):  # the same again, and read again, tells nobody a second time
        receipt = bankfiles.receive(content=content, name="R.txt", by=BANK)
    bankfiles.read_again(by=paid_three.checker, file=receipt.file)
    file = BankFile.objects.get(direction="in")
    assert file.state == "quarantined"
    assert {(one["code"], one["line"]) for one in file.problems} == reasons
    assert everything() == before
    alert = AuditEvent.objects.get(verb__startswith="alert.")
    assert (alert.verb, alert.target_id) == ("alert.bank_file_set_apart", str(file.pk))
    payouts.answer(paid_three.batch)  # the true file still counts
    assert payouts.states(paid_three.batch) == ["paid"] * 3
