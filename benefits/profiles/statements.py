"""The statement of the account payouts leave from, in the reference profile (ours, for tests).

GBK, CRLF, fields split by `|`. `S_<yyyymmdd>.txt`, one for each day:
`H|S<yyyymmdd>|yyyymmdd|opening|closing|count`, then for each movement
`E|seq|yyyymmddhhmmss|serial|D or C|amount|order_no|text` (D went out, C came back; the order
number is empty when the bank names none), then `T|count|sum of D|sum of C`. Amounts are yuan with
two decimals; closing = opening − D + C.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from benefits.inbound import Problem, Quarantine
from benefits.profiles import reading
from benefits.profiles.reading import Reader

STATEMENT_HEADER = re.compile(rb"H\|S[0-9]{8}\|")
ORDER = re.compile(r"[A-Z0-9]{0,32}")
SERIAL = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on the account; `order_no` is empty when the bank names none."""

    line: int
    seq: int
    at: datetime
    serial: str
    is_return: bool
    amount_fen: int
    order_no: str
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    number: str
    day: date
    opening_fen: int
    closing_fen: int
    rows: Sequence[Movement]


def parse(content: bytes) -> Statement:
    """Read a statement; raise `Quarantine` with everything that is wrong with it."""
    rows = reading.split(content)
    head = reading.header(rows, "H", 6)
    if len(rows) < 2 or rows[-1][0] != "T" or len(rows[-1]) != 4:
        raise Quarantine([Problem("cut", len(rows))])
    reader = Reader(line=1)
    number, day = reader.read(reading.NUMBER, head[1], "number"), reader.day(head[2])
    opening, closing, count = reader.fen(head[3]), reader.fen(head[4]), reader.whole(head[5])
    found = reader.rows(rows[1:-1], "E", 8, lambda fields: _movement(reader, fields, head[2]))
    reader.once([(one.line, one.seq) for one in found])
    reader.once([(one.line, one.serial) for one in found], "serial_twice")
    reader.line = len(rows)
    sums = [reader.fen(text) for text in rows[-1][2:]]
    reader.same_count(stated=count, found=len(rows) - 2)
    reader.same_count(stated=reader.whole(rows[-1][1]), found=len(rows) - 2, line=len(rows))
    if not reader.problems:
        _check_sums(reader, found, opening, closing, sums)
    reader.finish()
    return Statement(number, day, opening, closing, found)


def _movement(reader: Reader, fields: list[str], day: str) -> Movement:
    _tag, seq, at, serial, way, amount, order_no, text = fields
    if way not in {"D", "C"}:
        reader.complain("status")
    if not at.startswith(day):
        reader.complain("other_day")
    return Movement(
        line=reader.line,
        seq=reader.seq(seq),
        at=reader.moment(at),
        serial=reader.read(SERIAL, serial, "serial"),
        is_return=way == "C",
        amount_fen=reader.fen(amount),
        order_no=reader.read(ORDER, order_no, "order_no"),
        text=text[:60],
    )


def _check_sums(
    reader: Reader, rows: Sequence[Movement], opening: int, closing: int, sums: Sequence[int]
) -> None:
    out = sum(row.amount_fen for row in rows if not row.is_return)
    back = sum(row.amount_fen for row in rows if row.is_return)
    for stated, found in ((sums[0], out), (sums[1], back), (closing, opening - out + back)):
        reader.same_sum(stated=stated, found=found)
