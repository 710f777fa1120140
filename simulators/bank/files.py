"""The bank's file formats: GBK, CRLF, fields split by `|`; reading requests, writing answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SUCCESS, DUPLICATE, WRONG_TOTAL, BAD_FORMAT = "0000", "0030", "0031", "0032"
CODES = {
    SUCCESS: "交易成功",
    "0011": "账号不存在",
    "0012": "已销户",
    "0013": "未激活",
    "0014": "户名不符",
    "0015": "冻结",
    "0016": "二三类户限额",
    "0017": "证件号不符",
    "0018": "可疑",
    "0020": "余额不足",
    DUPLICATE: "重复",
    WRONG_TOTAL: "总分不符",
    BAD_FORMAT: "格式错误",
}
LINE_FAILURES = ("0011", "0012", "0013", "0014", "0015", "0016", "0017", "0018")

BATCH_NUMBER = re.compile(r"[A-Za-z0-9-]{3,40}")
ORDER_NUMBER = re.compile(r"[A-Za-z0-9]{1,32}")
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9]{2})")
DATE = re.compile(r"[0-9]{8}")


class RefusedError(Exception):
    """A request file the bank refuses; `code` goes to the sender, `detail` to the log."""

    def __init__(self, code: str, detail: str, batch: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.batch = code, detail, batch


@dataclass(frozen=True)
class PayLine:
    seq: str
    account: str
    holder: str
    amount_fen: int
    order_no: str


@dataclass(frozen=True)
class CardLine:
    seq: str
    holder: str
    id_type: str
    id_no: str
    phone: str


@dataclass(frozen=True)
class Answer:
    """One line of a result file; `at` and `serial` are empty unless the line was paid."""

    line: PayLine
    code: str
    text: str
    at: str = ""
    serial: str = ""

    @property
    def is_paid(self) -> bool:
        return self.code == SUCCESS

    def fields(self) -> tuple[str, ...]:
        line, status = self.line, "S" if self.is_paid else "F"
        echo = ("D", line.seq, line.account, line.holder, yuan(line.amount_fen))
        return (*echo, status, self.code, self.text, self.at, self.serial, line.order_no)


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def fen(text: str) -> int:
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise RefusedError(BAD_FORMAT, f"amount {text!r} is not yuan with two decimals")
    return int(match[1]) * 100 + int(match[2])


def luhn_digit(payload: str) -> str:
    """The check digit that makes `payload` + digit a valid card number."""
    total = 0
    for position, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def encode(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join("|".join(row) + "\r\n" for row in rows).encode("gbk")


def decode(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("gbk")
    except UnicodeDecodeError as error:
        raise RefusedError(BAD_FORMAT, f"byte {error.start} is not GBK") from error
    rows = text.split("\r\n")
    if rows.pop() != "":
        raise RefusedError(BAD_FORMAT, "the last line has no CRLF: the file is cut")
    if any("\n" in row or "\r" in row for row in rows):
        raise RefusedError(BAD_FORMAT, "a line ends without CRLF")
    return [row.split("|") for row in rows]


def read_frame(data: bytes, tags: str, widths: tuple[int, int, int]) -> list[list[str]]:
    """Split a request into rows and check tags, field counts, batch number, date and sequence."""
    rows = decode(data)
    batch = rows[0][1] if rows and len(rows[0]) > 1 else ""
    if len(rows) < 3 or not BATCH_NUMBER.fullmatch(batch):
        raise RefusedError(BAD_FORMAT, "needs a header with a batch number, lines and a trailer")
    shapes = [("H", widths[0]), *[(tags, widths[1])] * (len(rows) - 2), ("T", widths[2])]
    for number, (row, (tag, width)) in enumerate(zip(rows, shapes, strict=True), start=1):
        if row[0] != tag or len(row) != width:
            raise RefusedError(BAD_FORMAT, f"row {number} is not {tag} with {width} fields", batch)
    if not DATE.fullmatch(rows[0][2]):
        raise RefusedError(BAD_FORMAT, "the header's date is not yyyymmdd", batch)
    return rows


def check_sequence(seqs: list[str], batch: str) -> None:
    if seqs != [f"{number:06d}" for number in range(1, len(seqs) + 1)]:
        raise RefusedError(BAD_FORMAT, "line numbers are not 000001, 000002, …", batch)


def read_payout(data: bytes) -> tuple[str, list[PayLine]]:
    """Batch number and lines of a `PB….txt` request; refuses a file that is not whole."""
    header, *rows, trailer = read_frame(data, "D", (8, 7, 3))
    batch = header[1]
    check_sequence([row[1] for row in rows], batch)
    try:
        lines = [PayLine(row[1], row[2], row[3], fen(row[4]), row[6]) for row in rows]
        claimed = {(header[5], fen(header[6])), (trailer[1], fen(trailer[2]))}
    except RefusedError as error:
        raise RefusedError(error.code, error.detail, batch) from error
    if any(line.amount_fen == 0 or not line.account or not line.holder for line in lines):
        raise RefusedError(BAD_FORMAT, "a line lacks its account, holder or amount", batch)
    if not all(ORDER_NUMBER.fullmatch(line.order_no) for line in lines):
        raise RefusedError(BAD_FORMAT, "an order number is not 1–32 letters or digits", batch)
    if claimed != {(str(len(lines)), sum(line.amount_fen for line in lines))}:
        raise RefusedError(WRONG_TOTAL, "header, trailer and lines do not add up", batch)
    return batch, lines


def read_cards(data: bytes) -> tuple[str, list[CardLine]]:
    """Batch number and lines of a `CR….txt` request; refuses a file that is not whole."""
    header, *rows, trailer = read_frame(data, "C", (4, 7, 2))
    batch = header[1]
    check_sequence([row[2] for row in rows], batch)
    if any(row[1] != batch for row in rows):
        raise RefusedError(BAD_FORMAT, "a line names another batch than the header", batch)
    if not all(row[3] and row[5] for row in rows):
        raise RefusedError(BAD_FORMAT, "a line lacks the name or the ID number", batch)
    if {header[3], trailer[1]} != {str(len(rows))}:
        raise RefusedError(WRONG_TOTAL, "header, trailer and lines do not add up", batch)
    return batch, [CardLine(*row[2:]) for row in rows]


def result_rows(batch: str, date: str, answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    """Header and lines of a result file; the counts describe this file only."""
    paid = [answer.line.amount_fen for answer in answers if answer.is_paid]
    failed = [answer.line.amount_fen for answer in answers if not answer.is_paid]
    counts = [
        f for part in (paid + failed, paid, failed) for f in (str(len(part)), yuan(sum(part)))
    ]
    return [("R", batch, date, *counts), *(answer.fields() for answer in answers)]


def framed(batch: str, date: str, rows: Sequence[tuple[str, ...]]) -> bytes:
    """A card answer or activation file: header, lines, trailer."""
    count = str(len(rows))
    return encode([("H", batch, date, count), *rows, ("T", count)])
