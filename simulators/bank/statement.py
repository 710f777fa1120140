"""The payer's account as the bank keeps it: money out, money that came back, one file a day."""

from __future__ import annotations

from simulators.bank import files
from simulators.bank.ledger import Ledger
from simulators.bank.post import Post

OPENING_FEN = 100_000_000_000
OUT_TEXT, BACK_TEXT = "代发", "退票"


def give_back(post: Post, order_no: str) -> bool:
    """Return the oldest payment of an order that was not returned yet; False when there is none."""
    ledger = post.ledger
    with ledger.transaction():
        payment = ledger.row(
            "SELECT * FROM payments WHERE order_no = ? AND id NOT IN"
            " (SELECT payment FROM returns) ORDER BY id",
            order_no,
        )
        if payment is None:
            return False
        ledger.write(
            "INSERT INTO returns (payment, order_no, amount_fen, returned_at) VALUES (?, ?, ?, ?)",
            *(payment["id"], order_no, payment["amount_fen"], post.stamp()),
        )
    return True


def write(post: Post, day: str) -> str:
    """Queue the statement of a day (yyyymmdd) for delivery; returns its name."""
    name = f"S_{day}.txt"
    with post.ledger.transaction():
        post.queue(name, body(post.ledger, day), f"S{day}")
    post.deliver()
    return name


def body(ledger: Ledger, day: str) -> bytes:
    """The bytes of a day's statement, the same at every call once the day is over."""
    opening = OPENING_FEN + _moved_before(ledger, day)
    entries = ledger.rows(ENTRIES, day, day)
    rows = [
        ("E", f"{seq:06d}", row["at"], row["serial"], row["way"], files.yuan(row["amount_fen"]),
         row["order_no"], BACK_TEXT if row["way"] == "C" else OUT_TEXT)
        for seq, row in enumerate(entries, start=1)
    ]  # fmt: skip
    out = sum(row["amount_fen"] for row in entries if row["way"] == "D")
    back = sum(row["amount_fen"] for row in entries if row["way"] == "C")
    head = ("H", f"S{day}", day, files.yuan(opening), files.yuan(opening - out + back))
    trailer = ("T", str(len(rows)), files.yuan(out), files.yuan(back))
    return files.encode([(*head, str(len(rows))), *rows, trailer])


ENTRIES = """
SELECT paid_at AS at, serial, 'D' AS way, amount_fen, order_no FROM payments
WHERE substr(paid_at, 1, 8) = ?
UNION ALL
SELECT returned_at, 'T' || printf('%04d', id), 'C', amount_fen, order_no FROM returns
WHERE substr(returned_at, 1, 8) = ?
ORDER BY at, serial"""


MOVED_BEFORE = """
SELECT (SELECT coalesce(sum(amount_fen), 0) FROM returns WHERE substr(returned_at, 1, 8) < ?)
    - (SELECT coalesce(sum(amount_fen), 0) FROM payments WHERE substr(paid_at, 1, 8) < ?) AS fen"""


def _moved_before(ledger: Ledger, day: str) -> int:
    row = ledger.row(MOVED_BEFORE, day, day)
    return int(row["fen"]) if row else 0
