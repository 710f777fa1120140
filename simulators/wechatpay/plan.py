"""What the server is told to do wrong: rules stored in its ledger, or dice thrown from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.wechatpay.ledger import Ledger

# How a transfer request may go wrong.
SEND_KINDS = (
    "hang",  # committed, then no answer until the caller gives up
    "error-after-commit",  # committed, then 500
    "refuse",  # 500, nothing committed
    "late-commit",  # 500, committed after a query has said "not found"
    "reset",  # the connection is reset, committed or not
    "drip",  # the answer comes a byte at a time
    "too-many",  # 429 FREQUENCY_LIMITED, nothing committed
    "wrong-number",  # 200 with another order's number
    "wrong-amount",  # 200, and queries give another amount until the rule is used up
    "unknown-code",  # an error code in no document, committed or not
)
# How a bill may end other than by the user's yes.
END_KINDS = ("fail", "unclaimed", "late-yes")
NOTICE_KINDS = ("notice-five-times", "notice-early", "notice-late", "notice-forged", "notice-never")
QUERY_KINDS = ("query-wrong-amount", "query-error")
KINDS = (*SEND_KINDS, *END_KINDS, *NOTICE_KINDS, *QUERY_KINDS)
MATCH_FIELDS = ("out_bill_no", "openid", "name", "amount_fen")
# What the dice choose from: those that settle by themselves.
DICE = tuple(kind for kind in SEND_KINDS if kind != "wrong-amount")
DAYS_LATE = 3 * 86_400.0


@dataclass(frozen=True)
class Rule:
    kind: str
    seconds: float = 0
    code: str = ""
    is_committed: bool = True


OK = Rule("ok")


def facts_of(number: str, openid: str, name: str, fen: int) -> dict[str, str]:
    """What a rule's `match` is held against."""
    return dict(zip(MATCH_FIELDS, (number, openid, name, str(fen)), strict=True))


def add(ledger: Ledger, rule: Rule, match: Mapping[str, str], count: int | None) -> None:
    """Store a rule for `count` matching requests at most, None = no limit."""
    ledger.write(
        "INSERT INTO plan (kind, match, seconds, code, is_committed, remaining)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(rule.kind, json.dumps(dict(match), ensure_ascii=False), rule.seconds, rule.code),
        *(rule.is_committed, count),
    )


def take(ledger: Ledger, kinds: tuple[str, ...], facts: Mapping[str, str]) -> Rule | None:
    """The oldest live rule of these kinds that fits, used up by one."""
    marks = ", ".join("?" * len(kinds))
    live = f"SELECT * FROM plan WHERE kind IN ({marks}) AND remaining IS NOT 0 ORDER BY id"
    with ledger.transaction():
        for row in ledger.rows(live, *kinds):
            wanted = json.loads(row["match"])
            if all(facts.get(field) == value for field, value in wanted.items()):
                ledger.write("UPDATE plan SET remaining = remaining - 1 WHERE id = ?", row["id"])
                return Rule(row["kind"], row["seconds"], row["code"], bool(row["is_committed"]))
    return None


def throw(seed: int, rate: float, kinds: tuple[str, ...], key: str) -> Rule | None:
    """A misbehaviour drawn from the seed and the key, the same each time it is asked."""
    if rate <= 0:
        return None
    dice = random.Random(f"{seed}|{key}")
    if dice.random() >= rate:
        return None
    kind = dice.choice(kinds)
    return Rule(kind, dice.uniform(0.2, 3), is_committed=dice.random() < 0.5)
