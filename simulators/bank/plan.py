"""What the bank is told to do wrong: rules stored in its ledger, or dice thrown from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.bank.files import CODES, LINE_FAILURES
from simulators.bank.ledger import Ledger

LINE_KINDS = ("fail", "unanswered")
CARD_KINDS = ("reject-card",)
SPOILING_KINDS = ("truncate", "wrong-total", "unknown-line")
FILE_KINDS = ("late", "split", "reorder", "duplicate", "contradict", *SPOILING_KINDS)
# What only a person can put right: dice never throw it.
GRAVE_KINDS = (*SPOILING_KINDS, "contradict")
KINDS = (*LINE_KINDS, *CARD_KINDS, *FILE_KINDS, "reject")
MATCH_FIELDS = ("holder", "account", "order_no", "seq", "batch", "id_no")


@dataclass(frozen=True)
class Rule:
    kind: str
    code: str = ""
    text: str = ""
    seconds: float = 0
    is_paid: bool = False


@dataclass(frozen=True)
class NewRule:
    """A rule to store: `count` matching lines (or files) at most, None = no limit."""

    rule: Rule
    match: Mapping[str, str]
    count: int | None = None
    is_next_batch: bool = False


def add(ledger: Ledger, new: NewRule) -> None:
    rule = new.rule
    ledger.write(
        "INSERT INTO plan (kind, match, code, text, seconds, is_paid, remaining, is_next_batch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(rule.kind, json.dumps(dict(new.match), ensure_ascii=False), rule.code, rule.text),
        *(rule.seconds, rule.is_paid, new.count, new.is_next_batch),
    )


def fits(wanted: Mapping[str, str], facts: Mapping[str, str]) -> bool:
    """Whether every wanted field equals the fact; `seq=2` is the same as `seq=000002`."""
    return all(
        facts.get(field) == (value.zfill(6) if field == "seq" else value)
        for field, value in wanted.items()
    )


def take(ledger: Ledger, kinds: tuple[str, ...], facts: Mapping[str, str]) -> Rule | None:
    """The oldest live rule of these kinds that fits, used up by one."""
    marks = ", ".join("?" * len(kinds))
    live = f"SELECT * FROM plan WHERE kind IN ({marks}) AND remaining IS NOT 0 ORDER BY id"
    for row in ledger.rows(live, *kinds):
        if fits(json.loads(row["match"]), facts):
            ledger.write("UPDATE plan SET remaining = remaining - 1 WHERE id = ?", row["id"])
            return Rule(row["kind"], row["code"], row["text"], row["seconds"], bool(row["is_paid"]))
    return None


def expire(ledger: Ledger, kinds: tuple[str, ...]) -> None:
    """Drop the rules that were meant for one batch only, now that it has been handled."""
    marks = ", ".join("?" * len(kinds))
    ledger.write(f"DELETE FROM plan WHERE is_next_batch AND kind IN ({marks})", *kinds)


def throw(seed: int, rate: float, kinds: tuple[str, ...], key: str) -> Rule | None:
    """A misbehaviour drawn from the seed and the key, the same each time it is asked."""
    dice = random.Random(f"{seed}|{key}")
    if dice.random() >= rate:
        return None
    kind, code = dice.choice(kinds), dice.choice(LINE_FAILURES)
    return Rule(kind, code, CODES[code], seconds=dice.uniform(0, 3), is_paid=dice.random() < 0.5)
