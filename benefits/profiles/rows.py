"""What a bank file says, free of its form. Money in fen, times aware, `line` = line in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from benefits.profiles.statements import Statement
from benefits.states.cards import FileKind
from benefits.states.payouts import Outcome, Reason


class UnrenderableError(ValueError):
    """A value the bank's file cannot carry; `seq` names its line, 0 the header."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"line {seq}: {why}")
        self.seq = seq


@dataclass(frozen=True, slots=True)
class PayoutRow:
    seq: int
    account: str = field(repr=False)
    holder: str = field(repr=False)
    amount_fen: int
    order_no: str


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    number: str
    on: date
    payer_account: str = field(repr=False)
    payer_name: str
    summary: str
    rows: Sequence[PayoutRow]

    @property
    def total_fen(self) -> int:
        return sum(row.amount_fen for row in self.rows)


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """The bank's word on one line; `at` and `serial` are there only when it was paid."""

    line: int
    seq: int
    account: str = field(repr=False)
    holder: str = field(repr=False)
    amount_fen: int
    is_paid: bool
    code: str
    text: str
    at: datetime | None
    serial: str
    order_no: str
    # The bank has the line and will say more.
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class PayoutResult:
    number: str
    on: date
    rows: Sequence[PayoutAnswer]


@dataclass(frozen=True, slots=True)
class CardRow:
    seq: int
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardRequest:
    number: str
    on: date
    rows: Sequence[CardRow]


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """`card_no` when issued, `code` when refused."""

    line: int
    seq: int
    is_issued: bool
    card_no: str = field(repr=False)
    code: str


@dataclass(frozen=True, slots=True)
class CardAnswers:
    number: str
    on: date
    rows: Sequence[CardAnswer]


@dataclass(frozen=True, slots=True)
class Activation:
    line: int
    seq: int
    card_no: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Activations:
    number: str
    on: date
    rows: Sequence[Activation]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The bank took nothing of the file called `number`."""

    number: str
    code: str
    text: str


class BankFileProfile(Protocol):
    """One bank's file formats. Rendering gives the same bytes for the same rows, always.

    The parsers raise `inbound.Quarantine` with every problem of the file. `repeat_code` is what
    the bank says when it refuses a file because it has it already.
    """

    name: str
    charset: str
    most_lines: int
    repeat_code: str

    def identify(self, content: bytes) -> FileKind: ...
    def file_name(self, kind: FileKind, number: str) -> str: ...
    def can_carry(self, text: str) -> bool: ...
    def meaning(self, answer: PayoutAnswer) -> tuple[Outcome, Reason]: ...
    def render_payout_request(self, request: PayoutRequest) -> bytes: ...
    def render_card_request(self, request: CardRequest) -> bytes: ...
    def parse_payout_result(self, content: bytes) -> PayoutResult: ...
    def parse_card_answers(self, content: bytes) -> CardAnswers: ...
    def parse_activations(self, content: bytes) -> Activations: ...
    def parse_refusal(self, content: bytes) -> Refusal: ...
    def parse_statement(self, content: bytes) -> Statement: ...
