"""The payer's account at the bank: what went out, what came back, day by day."""

from __future__ import annotations

from simulators.bank import statement
from simulators.bank.post import Post
from tests.simulators.conftest import PAYOUT, Bank


def lines(bank: Bank, day: str) -> list[str]:
    return statement.body(bank.ledger, day).decode("gbk").splitlines()


def test_statement_has_each_payment_and_the_balances(bank: Bank) -> None:
    bank.receive("PB20260701001.txt", PAYOUT)
    paid = bank.ledger.payments()
    found = lines(bank, "20260702")
    total = sum(row["amount_fen"] for row in paid)
    closing = statement.OPENING_FEN - total
    head = f"H|S20260702|20260702|1000000000.00|{closing // 100}.{closing % 100:02d}|{len(paid)}"
    assert found[0] == head
    assert found[1] == "E|000001|20260702103015|B0001|D|50.00|ORDER1|代发"
    assert found[-1] == f"T|{len(paid)}|{total // 100}.00|0.00"


def test_returned_payment_comes_back_once_on_its_day(bank: Bank) -> None:
    bank.receive("PB20260701001.txt", PAYOUT)
    bank.wait(24 * 3600)
    post = Post(bank.ledger, bank.folder, clock=lambda: bank.now)
    assert statement.give_back(post, "ORDER1")
    assert not statement.give_back(post, "ORDER1")
    assert not statement.give_back(post, "NOSUCHORDER")
    found = lines(bank, "20260703")
    assert found[1:] == ["E|000001|20260703103015|T0001|C|50.00|ORDER1|退票", "T|1|0.00|50.00"]
    opening = found[0].split("|")[3]
    assert opening == lines(bank, "20260702")[0].split("|")[4]


def test_statement_is_delivered_into_the_folder(bank: Bank) -> None:
    post = Post(bank.ledger, bank.folder, clock=lambda: bank.now)
    assert statement.write(post, "20260702") == "S_20260702.txt"
    assert (bank.folder / "in" / "S_20260702.txt").read_bytes() == statement.body(
        bank.ledger, "20260702"
    )
