"""What the bank says in any order, again and again, cut anywhere: one end."""

from __future__ import annotations

import hashlib
import random

import pytest
from django.db import transaction

from benefits import ledger
from benefits.actions.lines import add_evidence, settle
from benefits.models import Account, Budget, Entitlement, LineEvidence, PayoutBatch, PayoutLine
from benefits.states.payouts import EvidenceSource, Outcome
from tests.factories import payouts
from unionportal.core.actors import BANK

S = EvidenceSource
# What is said of each of six lines: every end, and every contradiction, there is.
SAID = (
    ((S.BANK_FILE, Outcome.SUCCESS, "B1"),),
    ((S.BANK_FILE, Outcome.FAILURE, ""), (S.SILENCE, Outcome.UNCLEAR, "")),
    ((S.BANK_FILE, Outcome.SUCCESS, "B3"), (S.BANK_REFUSAL, Outcome.FAILURE, "")),
    ((S.BANK_FILE, Outcome.SUCCESS, "B4"), (S.STATEMENT, Outcome.RETURNED, "R4")),
    ((S.BANK_FILE, Outcome.SUCCESS, "B5"), (S.STATEMENT, Outcome.SUCCESS, "B5x")),
    ((S.SILENCE, Outcome.UNCLEAR, ""),),
)


@pytest.fixture
def six(money_desk) -> PayoutBatch:
    """A batch of six people with the bank."""
    for _n in range(6):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    return payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)


def evidence(batch: PayoutBatch) -> list[LineEvidence]:
    lines = batch.lines.order_by("seq")
    return [
        LineEvidence(
            line=line, source=source, event_id=line.order_no, outcome=outcome, bank_serial=serial,
            content_hash=hashlib.sha256(f"{source}{outcome}{serial}".encode()).hexdigest(),
        )
        for line, words in zip(lines, SAID, strict=True)
        for source, outcome, serial in words
    ]  # fmt: skip


def state_hash() -> str:
    """Return one digest of all that follows from evidence: lines, rights, money, marks."""
    rows = [
        PayoutLine.objects.order_by("seq").values_list("seq", "state", "reason", "review",
                                                       "bank_serial"),
        Entitlement.objects.order_by("lines__seq").values_list("state", "review", "reason"),
        Account.objects.order_by("pot", "channel").values_list("pot", "channel", "balance_fen"),
        Budget.objects.values_list("total_fen", "reserved_fen", "paid_fen"),
        PayoutBatch.objects.values_list("state"),
        LineEvidence.objects.order_by("line__seq", "source", "outcome").values_list(
            "line__seq", "source", "outcome", "bank_serial"),
    ]  # fmt: skip
    return hashlib.sha256(repr([list(part) for part in rows]).encode()).hexdigest()


def hear(batch: PayoutBatch, dice: random.Random) -> str:
    """Say everything in a random order, some of it again, in portions cut anywhere; undo it."""
    said = evidence(batch)
    heard = [*said, *dice.choices(said, k=dice.randint(0, 8))]
    dice.shuffle(heard)
    with transaction.atomic():
        while heard:
            portion = [heard.pop() for _n in range(dice.randint(1, len(heard)))]
            fresh = [_copy(one) for one in portion]
            add_evidence(fresh)
            settle({one.line_id for one in fresh}, by=BANK)
        found = state_hash()
        assert ledger.check() == []
        transaction.set_rollback(True)
    return found


def _copy(one: LineEvidence) -> LineEvidence:
    fields = {field.attname: getattr(one, field.attname) for field in LineEvidence._meta.fields}
    return LineEvidence(**{name: fields[name] for name in fields if name not in ("id",)})


def many(batch: PayoutBatch, rounds: int, seed: int) -> set[str]:
    dice = random.Random(seed)
    return {hear(batch, dice) for _round in range(rounds)}


def test_any_order_of_evidence_comes_to_one_state(six) -> None:
    assert len(many(six, 40, seed=20261123)) == 1


@pytest.mark.deep
def test_a_thousand_orders_of_evidence_come_to_one_state(six) -> None:
    assert len(many(six, 1_000, seed=random.SystemRandom().getrandbits(32))) == 1
