"""The reference profile of domain.md 6.2 and 2.3: ours, for tests and the simulated bank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from benefits import bank_reasons
from benefits.inbound import Problem, Quarantine
from benefits.profiles import reading, statements
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
from benefits.profiles.statements import STATEMENT_HEADER, Statement
from benefits.states.cards import FileKind
from benefits.states.payouts import Outcome, Reason
from unionportal.core.money import yuan_text

RESULT_HEADER = re.compile(rb"R\|")
REFUSAL = re.compile(rb"X\|")
ACTIVATIONS_HEADER = re.compile(rb"H\|A[0-9]{8}-[0-9]+\|")
ANSWER_HEADER = re.compile(rb"H\|CR[A-Za-z0-9-]*\|")


class ReferenceProfile:
    name = "reference"
    charset = "gbk"
    most_lines = 5_000
    repeat_code = "0030"

    def identify(self, content: bytes) -> FileKind:
        """Say what a file from the bank is, by how it begins; its name proves nothing."""
        kinds = {
            RESULT_HEADER: FileKind.PAYOUT_RESULT,
            REFUSAL: FileKind.REJECT,
            STATEMENT_HEADER: FileKind.STATEMENT,
            ACTIVATIONS_HEADER: FileKind.CARD_ACTIVATION,
            ANSWER_HEADER: FileKind.CARD_ANSWER,
        }
        for pattern, kind in kinds.items():
            if pattern.match(content):
                return kind
        return FileKind.UNKNOWN

    def file_name(self, kind: FileKind, number: str) -> str:
        """Return the name of an outgoing file; its number begins with PB or CR as its kind asks."""
        return f"{number}.txt"

    def can_carry(self, text: str) -> bool:
        """Say whether a file in GBK split by | can hold `text`."""
        try:
            text.encode("gbk")
        except UnicodeEncodeError:
            return False
        return "|" not in text and not reading.CONTROL.search(text) and text.isprintable()

    def meaning(self, answer: PayoutAnswer) -> tuple[Outcome, Reason]:
        """Return what an answer says, and why, by its text."""
        return bank_reasons.read(is_paid=answer.is_paid, text=answer.text)

    def render_payout_request(self, request: PayoutRequest) -> bytes:
        """Return the bytes of a `PB….txt`."""
        count, total = str(len(request.rows)), yuan_text(request.total_fen)
        head = ("H", request.number, _day(request.on), request.payer_account, request.payer_name)
        rows = (
            ("D", _seq(row.seq), row.account, row.holder, yuan_text(row.amount_fen),
             request.summary, row.order_no)
            for row in request.rows
        )  # fmt: skip
        return self._encode([(*head, count, total, request.summary), *rows, ("T", count, total)])

    def render_card_request(self, request: CardRequest) -> bytes:
        """Return the bytes of a `CR….txt`."""
        count = str(len(request.rows))
        rows = (
            ("C", request.number, _seq(row.seq), row.name, row.id_type, row.id_number, row.phone)
            for row in request.rows
        )
        head = ("H", request.number, _day(request.on), count)
        return self._encode([head, *rows, ("T", count)])

    def parse_payout_result(self, content: bytes) -> PayoutResult:
        """Read `R_<batch>_<k>.txt`; its counts and sums describe this file only."""
        rows = reading.split(content)
        head = reading.header(rows, "R", 9)
        reader = Reader(line=1)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.day(head[2])
        counts = [reader.whole(text) for text in head[3::2]]
        sums = [reader.fen(text) for text in head[4::2]]
        answers = reader.rows(rows[1:], "D", 11, lambda f: _payout_answer(reader, f))
        reader.once([(a.line, a.seq) for a in answers])
        if not reader.problems:
            paid = [a.amount_fen for a in answers if a.is_paid]
            failed = [a.amount_fen for a in answers if not a.is_paid]
            parts = (paid + failed, paid, failed)
            for stated, part in zip(counts, parts, strict=True):
                reader.same_count(stated=stated, found=len(part))
            for stated, part in zip(sums, parts, strict=True):
                reader.same_sum(stated=stated, found=sum(part))
        reader.finish()
        return PayoutResult(number, on, answers)

    def parse_card_answers(self, content: bytes) -> CardAnswers:
        """Read `CI_<batch>.txt`."""
        head, rows, trailer = reading.framed(reading.split(content))
        reader = Reader(line=1)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.day(head[2])
        answers = reader.rows(rows, "C", 6, lambda f: _card_answer(reader, f, number))
        reader.once([(a.line, a.seq) for a in answers])
        reader.once([(a.line, a.card_no) for a in answers], "card_twice")
        _check_counts(reader, head[3], trailer[1], len(rows))
        reader.finish()
        return CardAnswers(number, on, answers)

    def parse_activations(self, content: bytes) -> Activations:
        """Read `A_<yyyymmdd>_<k>.txt`."""
        head, rows, trailer = reading.framed(reading.split(content))
        reader = Reader(line=1)
        number, on = reader.read(reading.NUMBER, head[1], "number"), reader.day(head[2])
        found = reader.rows(rows, "A", 5, lambda f: _activation(reader, f, head[2]))
        reader.once([(a.line, a.seq) for a in found])
        reader.once([(a.line, a.card_no) for a in found], "card_twice")
        _check_counts(reader, head[3], trailer[1], len(rows))
        reader.finish()
        return Activations(number, on, found)

    def parse_refusal(self, content: bytes) -> Refusal:
        """Read `X_….txt`, the bank's refusal of a whole file."""
        rows = reading.split(content)
        fields = reading.header(rows, "X", 4)
        if len(rows) != 1:
            raise Quarantine([Problem("refusal_lines", 2)])
        reader = Reader(line=1)
        number = reader.read(reading.NUMBER, fields[1], "number")
        code = reader.read(reading.CODE, fields[2], "code")
        reader.finish()
        return Refusal(number, code, fields[3])

    def parse_statement(self, content: bytes) -> Statement:
        """Read `S_<yyyymmdd>.txt`."""
        return statements.parse(content)

    def _encode(self, rows: Iterable[Sequence[str]]) -> bytes:
        lines = []
        for number, row in enumerate(rows):
            if not all(self.can_carry(text) for text in row):
                raise UnrenderableError(number, "a value cannot be written in the bank's file")
            lines.append(reading.SEPARATOR.join(row) + reading.LINE_END)
        return "".join(lines).encode("gbk")


def _payout_answer(reader: Reader, fields: list[str]) -> PayoutAnswer:
    _tag, seq, account, holder, amount, status, code, text, at, serial, order_no = fields
    if status not in {"S", "F"}:
        reader.complain("status")
    is_paid = status == "S"
    if not is_paid and (at or serial):
        reader.complain("failed_with_time")
    return PayoutAnswer(
        line=reader.line,
        seq=reader.seq(seq),
        account=account,
        holder=holder,
        amount_fen=reader.fen(amount),
        is_paid=is_paid,
        code=reader.read(reading.CODE, code, "code"),
        text=text,
        at=reader.moment(at) if is_paid else None,
        serial=serial,
        order_no=order_no,
    )


def _card_answer(reader: Reader, fields: list[str], number: str) -> CardAnswer:
    _tag, batch, seq, verdict, card_no, code = fields
    if batch != number:
        reader.complain("other_batch")
    is_issued = verdict == "ISSUED"
    if verdict not in {"ISSUED", "REJECTED"}:
        reader.complain("status")
    elif is_issued:
        card_no = reader.read(reading.CARD, card_no, "card_number")
    elif card_no:
        reader.complain("refused_with_card")
    if code or verdict == "REJECTED":
        code = reader.read(reading.CODE, code, "code")
    return CardAnswer(reader.line, reader.seq(seq), is_issued, card_no, code)


def _activation(reader: Reader, fields: list[str], day: str) -> Activation:
    _tag, line_day, seq, card_no, at = fields
    if line_day != day:
        reader.complain("other_batch")
    card = reader.read(reading.CARD, card_no, "card_number")
    return Activation(reader.line, reader.seq(seq), card, reader.moment(at))


def _check_counts(reader: Reader, head: str, trailer: str, found: int) -> None:
    reader.line = 0
    reader.same_count(stated=reader.whole(head), found=found)
    reader.same_count(stated=reader.whole(trailer), found=found, line=found + 2)


def _seq(number: int) -> str:
    return f"{number:06d}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


REFERENCE = ReferenceProfile()
