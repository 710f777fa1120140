"""A second bank's formats, ours too, as unlike the reference as real banks are unlike each other.

UTF-8 with BOM, LF, comma-separated with quotes where needed; the first row says what the file is,
the second names the columns. Amounts are whole fen. Answers tell by code why, not by text, may say
that a line is still being worked on, and end with a row of sums.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benefits.inbound import Problem, Quarantine
from benefits.profiles import reading
from benefits.profiles.reading import Reader
from benefits.profiles.rows import (
    Activation,
    Activations,
    CardAnswer,
    CardAnswers,
    CardRequest,
    PayoutAnswer,
    PayoutRequest,
    PayoutResult,
    Refusal,
    UnrenderableError,
)
from benefits.profiles.statements import ORDER, SERIAL, Movement, Statement
from benefits.states.cards import FileKind
from benefits.states.payouts import Outcome, Reason

BOM = b"\xef\xbb\xbf"
TITLES = {
    FileKind.PAYOUT_REQUEST: "代发申请", FileKind.PAYOUT_RESULT: "代发回执",
    FileKind.CARD_REQUEST: "制卡申请", FileKind.CARD_ANSWER: "制卡回执",
    FileKind.CARD_ACTIVATION: "激活清单", FileKind.STATEMENT: "账户流水",
    FileKind.REJECT: "退件通知",
}  # fmt: skip
COLUMNS = {
    FileKind.PAYOUT_REQUEST: ("序号", "订单号", "户名", "账号", "金额(分)"),
    FileKind.PAYOUT_RESULT: (
        "订单号", "序号", "账号", "户名", "金额(分)", "结果", "原因码", "流水号", "入账时间",
    ),
    FileKind.CARD_REQUEST: ("序号", "证件类型", "证件号", "姓名", "手机号"),
    FileKind.CARD_ANSWER: ("序号", "结果", "卡号", "原因码"),
    FileKind.CARD_ACTIVATION: ("序号", "卡号", "激活时间"),
    FileKind.STATEMENT: ("流水号", "时间", "收支", "金额(分)", "订单号", "摘要"),
}  # fmt: skip
INCOMING = (
    FileKind.PAYOUT_RESULT, FileKind.CARD_ANSWER, FileKind.CARD_ACTIVATION, FileKind.STATEMENT,
    FileKind.REJECT,
)  # fmt: skip
PREFIXES = {FileKind.PAYOUT_REQUEST: "DF", FileKind.CARD_REQUEST: "ZK"}
PAID, FAILED, OPEN = "成功", "失败", "处理中"
OUT, BACK, SUM = "支出", "收入", "合计"
SEQ = re.compile(r"[1-9][0-9]{0,8}")
FEN = re.compile(r"0|[1-9][0-9]{0,12}")
# What its codes mean (domain.md 6.2); one that is not here is not guessed at.
REASONS = {
    "E1001": Reason.NAME_MISMATCH, "E1002": Reason.ACCOUNT_NOT_FOUND,
    "E1003": Reason.ACCOUNT_CLOSED, "E1004": Reason.ACCOUNT_BLOCKED,
    "E1005": Reason.LIMIT_EXCEEDED, "E1006": Reason.ID_MISMATCH, "E2001": Reason.PAYER_SIDE,
    "E2002": Reason.BATCH_REJECTED, "E3001": Reason.RISK_BLOCKED,
}  # fmt: skip
# "Seen before" says nothing about the first payment: it is asked about.
SEEN_BEFORE = "E3002"


class CommaProfile:
    name = "comma"
    charset = "utf-8"
    most_lines = 2_000
    repeat_code = "E9001"

    def identify(self, content: bytes) -> FileKind:
        """Say what a file from the bank is by its first cell."""
        for kind in INCOMING:
            if content.startswith(BOM + f"{TITLES[kind]},".encode()):
                return kind
        return FileKind.UNKNOWN

    def file_name(self, kind: FileKind, number: str) -> str:
        return f"{PREFIXES[kind]}_{number}.csv"

    def can_carry(self, text: str) -> bool:
        """Say whether a cell can hold `text`; what a spreadsheet would take for a formula cannot
        be one, for whoever carries the file by hand may look into it."""
        return text.isprintable() and not text.startswith(("=", "+", "-", "@"))

    def meaning(self, answer: PayoutAnswer) -> tuple[Outcome, Reason]:
        """Return what an answer says, and why, by its code."""
        if answer.is_open:
            return Outcome.ACCEPTED, Reason.NONE
        if answer.is_paid:
            known = answer.code == ""
            return (
                (Outcome.SUCCESS, Reason.NONE) if known else (Outcome.UNCLEAR, Reason.UNKNOWN_TEXT)
            )
        if answer.code in REASONS:
            return Outcome.FAILURE, REASONS[answer.code]
        is_repeat = answer.code == SEEN_BEFORE
        return Outcome.UNCLEAR, Reason.DUPLICATE if is_repeat else Reason.UNKNOWN_TEXT

    def render_payout_request(self, request: PayoutRequest) -> bytes:
        head = (
            request.number, f"{request.on:%Y-%m-%d}", str(len(request.rows)),
            str(request.total_fen), request.payer_account, request.payer_name, request.summary,
        )  # fmt: skip
        rows = (
            (str(row.seq), row.order_no, row.holder, row.account, str(row.amount_fen))
            for row in request.rows
        )
        return self._encode(FileKind.PAYOUT_REQUEST, head, rows)

    def render_card_request(self, request: CardRequest) -> bytes:
        head = (request.number, f"{request.on:%Y-%m-%d}", str(len(request.rows)))
        rows = (
            (str(row.seq), row.id_type, row.id_number, row.name, row.phone) for row in request.rows
        )
        return self._encode(FileKind.CARD_REQUEST, head, rows)

    def parse_payout_result(self, content: bytes) -> PayoutResult:
        """Read a 代发回执; its row of sums describes this file only."""
        reader, head, rows, sums = _opened(content, FileKind.PAYOUT_RESULT, 3, 5)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.iso_day(head[2])
        answers = _each(reader, rows, FileKind.PAYOUT_RESULT, lambda f: _answer(reader, f))
        reader.once([(one.line, one.order_no) for one in answers])
        reader.once([(one.line, one.seq) for one in answers])
        paid = [one.amount_fen for one in answers if one.is_paid]
        everything = [one.amount_fen for one in answers]
        _compare(reader, sums[1::2], [len(everything), len(paid)], reader.same_count)
        _compare(reader, sums[2::2], [sum(everything), sum(paid)], reader.same_sum)
        reader.finish()
        return PayoutResult(number, on, answers)

    def parse_card_answers(self, content: bytes) -> CardAnswers:
        reader, head, rows, sums = _opened(content, FileKind.CARD_ANSWER, 3, 2)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.iso_day(head[2])
        found = _each(reader, rows, FileKind.CARD_ANSWER, lambda f: _card_answer(reader, f))
        reader.once([(one.line, one.seq) for one in found])
        reader.once([(one.line, one.card_no) for one in found], "card_twice")
        _compare(reader, sums[1:], [len(rows)], reader.same_count)
        reader.finish()
        return CardAnswers(number, on, found)

    def parse_activations(self, content: bytes) -> Activations:
        reader, head, rows, sums = _opened(content, FileKind.CARD_ACTIVATION, 3, 2)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.iso_day(head[2])
        found = _each(reader, rows, FileKind.CARD_ACTIVATION, lambda f: _activation(reader, f))
        reader.once([(one.line, one.seq) for one in found])
        reader.once([(one.line, one.card_no) for one in found], "card_twice")
        _compare(reader, sums[1:], [len(rows)], reader.same_count)
        reader.finish()
        return Activations(number, on, found)

    def parse_refusal(self, content: bytes) -> Refusal:
        rows = _split(content)
        fields = _head(rows, FileKind.REJECT, 4)
        if len(rows) != 1:
            raise Quarantine([Problem("refusal_lines", 2)])
        reader = Reader(line=1)
        number = reader.read(reading.NUMBER, fields[1], "number")
        code = reader.read(reading.CODE, fields[2], "code")
        reader.finish()
        return Refusal(number, code, fields[3])

    def parse_statement(self, content: bytes) -> Statement:
        reader, head, rows, sums = _opened(content, FileKind.STATEMENT, 5, 4)
        number, day = reader.read(reading.NUMBER, head[1], "number"), reader.iso_day(head[2])
        opening, closing = _fen(reader, head[3]), _fen(reader, head[4])
        found = _each(reader, rows, FileKind.STATEMENT, lambda f: _movement(reader, f, day=head[2]))
        reader.once([(one.line, one.serial) for one in found], "serial_twice")
        out = sum(one.amount_fen for one in found if not one.is_return)
        back = sum(one.amount_fen for one in found if one.is_return)
        _compare(reader, sums[1:2], [len(rows)], reader.same_count)
        _compare(reader, sums[2:], [out, back], reader.same_sum)
        if not reader.problems:
            reader.same_sum(stated=closing, found=opening - out + back)
        reader.finish()
        return Statement(number, day, opening, closing, found)

    def _encode(self, kind: FileKind, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((TITLES[kind], *head))
        writer.writerow(COLUMNS[kind])
        for number, row in enumerate((head, *rows)):
            if not all(self.can_carry(cell) for cell in row):
                raise UnrenderableError(number, "a value cannot be written in the bank's file")
            if number:
                writer.writerow(row)
        return BOM + text.getvalue().encode()


def _split(content: bytes) -> list[list[str]]:
    """Return the rows; raise Quarantine: empty, too_big, not_utf8, cut, line_end, control, quotes.

    A quoted cell may hold commas and quotes, never a line end: rows are lines.
    """
    lines = reading.lines_of(content, "utf-8-sig", "not_utf8", "\n")
    rows, problems = [], []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(next(csv.reader([line], strict=True), []))
        except csv.Error:
            problems.append(Problem("quotes", number))
    if problems:
        raise Quarantine(problems)
    return rows


def _head(rows: list[list[str]], kind: FileKind, width: int) -> list[str]:
    if rows[0][:1] != [TITLES[kind]] or len(rows[0]) != width:
        raise Quarantine([Problem("header", 1)])
    return rows[0]


def _opened(
    content: bytes, kind: FileKind, head_width: int, sums_width: int
) -> tuple[Reader, list[str], list[list[str]], list[str]]:
    """Return a reader, the first row, the rows between, and the row of sums."""
    rows = _split(content)
    head = _head(rows, kind, head_width)
    if len(rows) < 3 or rows[-1][:1] != [SUM] or len(rows[-1]) != sums_width:
        raise Quarantine([Problem("cut", len(rows))])
    if tuple(rows[1]) != COLUMNS[kind]:
        raise Quarantine([Problem("columns", 2)])
    return Reader(line=1), head, rows[2:-1], rows[-1]


def _each(
    reader: Reader, rows: Sequence[list[str]], kind: FileKind, read: Callable[[list[str]], Any]
) -> list[Any]:
    """Return `read(cells)` of each row that is as wide as its columns; the first is line 3."""
    found = []
    for reader.line, cells in enumerate(rows, start=3):
        if len(cells) != len(COLUMNS[kind]):
            reader.complain("fields", f"{len(cells)} / {len(COLUMNS[kind])}")
        else:
            found.append(read(cells))
    reader.line = 0
    return found


def _compare(
    reader: Reader, stated: Sequence[str], found: Sequence[int], same: Callable[..., None]
) -> None:
    """Hold the file's own sums to its rows, unless a row could not be read."""
    numbers = [int(reader.read(FEN, text, "count") or 0) for text in stated]
    if not reader.problems:
        for told, seen in zip(numbers, found, strict=True):
            same(stated=told, found=seen)


def _fen(reader: Reader, text: str) -> int:
    return int(reader.read(FEN, text, "fen") or 0)


def _seq(reader: Reader, text: str) -> int:
    return int(reader.read(SEQ, text, "plain_seq") or 0)


def _answer(reader: Reader, cells: list[str]) -> PayoutAnswer:
    order_no, seq, account, holder, fen, result, code, serial, at = cells
    if result not in {PAID, FAILED, OPEN}:
        reader.complain("status")
    is_paid = result == PAID
    if not is_paid and (at or serial):
        reader.complain("failed_with_time")
    if code or result == FAILED:
        code = reader.read(reading.CODE, code, "code")
    return PayoutAnswer(
        line=reader.line, seq=_seq(reader, seq), account=account, holder=holder,
        amount_fen=_fen(reader, fen), is_paid=is_paid, code=code, text="",
        at=reader.iso_moment(at) if is_paid else None, serial=serial, order_no=order_no,
        is_open=result == OPEN,
    )  # fmt: skip


def _card_answer(reader: Reader, cells: list[str]) -> CardAnswer:
    seq, result, card_no, code = cells
    is_issued = result == PAID
    if result not in {PAID, FAILED}:
        reader.complain("status")
    elif is_issued:
        card_no = reader.read(reading.CARD, card_no, "card_number")
    elif card_no:
        reader.complain("refused_with_card")
    if code or result == FAILED:
        code = reader.read(reading.CODE, code, "code")
    return CardAnswer(reader.line, _seq(reader, seq), is_issued, card_no, code)


def _activation(reader: Reader, cells: list[str]) -> Activation:
    seq, card_no, at = cells
    card = reader.read(reading.CARD, card_no, "card_number")
    return Activation(reader.line, _seq(reader, seq), card, reader.iso_moment(at))


def _movement(reader: Reader, cells: list[str], *, day: str) -> Movement:
    serial, at, way, fen, order_no, text = cells
    if way not in {OUT, BACK}:
        reader.complain("status")
    if not at.startswith(day):
        reader.complain("other_day")
    return Movement(
        line=reader.line, seq=reader.line - 2, at=reader.iso_moment(at),
        serial=reader.read(SERIAL, serial, "serial"), is_return=way == BACK,
        amount_fen=_fen(reader, fen), order_no=reader.read(ORDER, order_no, "order_no"),
        text=text[:60],
    )  # fmt: skip


COMMA = CommaProfile()
