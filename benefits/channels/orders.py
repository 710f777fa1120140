"""Channels that take payments one by one: what the relay hands over and what it hears.

Any call may be repeated with the same number and content. An answer that is not understood, or no
answer, says nothing: the relay asks again with the same number, never with a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable
from uuid import UUID

from benefits.channels import Channel
from benefits.evidence import Said


@dataclass(frozen=True, slots=True)
class Order:
    """One payment as it leaves; `number` never changes."""

    line_id: UUID
    number: str
    amount_fen: int
    account: str = field(repr=False)
    holder: str = field(repr=False)
    remark: str = ""


class Heard(Enum):
    """What an answer is worth."""

    KNOWN = "known"  # the channel has this order and `said` tells how it stands
    ABSENT = "absent"  # it says that it has no such order: not yet a failure
    NOTHING = "nothing"  # no answer, or one that means nothing


@dataclass(frozen=True, slots=True)
class Answer:
    """What a channel said about an order; `alert` names something a person must hear of."""

    heard: Heard
    said: Said | None = None
    bill_no: str = ""
    state: str = ""
    package: str = field(default="", repr=False)
    code: str = ""
    alert: str = ""
    is_over: bool = False


NOTHING = Answer(Heard.NOTHING)


@runtime_checkable
class OrderChannel(Channel, Protocol):
    """`calls_per_second` is kept by all relays together, for each kind of call."""

    @property
    def calls_per_second(self) -> int: ...

    def send(self, order: Order) -> Answer: ...

    def query(self, order: Order) -> Answer: ...

    def cancel(self, order: Order) -> Answer: ...
