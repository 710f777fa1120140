"""Bring lines to the state that follows from their evidence, and the money with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from benefits import ledger
from benefits.evidence import Finding, Said, find
from benefits.ledger import Amount
from benefits.models import Entitlement, LineEvidence, PayoutBatch, PayoutLine, Pot, TransferKind
from benefits.states.payouts import (
    AT_THE_BANK,
    OPEN_LINE,
    SETTLED_LINE,
    BatchState,
    EntitlementState,
    LineState,
)
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

L = LineState
VERB_OF = {
    L.PAID: "pay", L.FAILED: "fail", L.UNKNOWN: "doubt", L.RETURNED: "give_back",
    L.SENT: "accept", L.AWAITING_PAYEE: "await_payee",
}  # fmt: skip
POT_OF = {
    **dict.fromkeys(AT_THE_BANK, Pot.IN_FLIGHT),
    L.PAID: Pot.PAID, L.FAILED: Pot.RESERVED, L.RETURNED: Pot.RESERVED,
}  # fmt: skip
KIND_OF = {
    (Pot.IN_FLIGHT, Pot.PAID): TransferKind.PAY,
    (Pot.IN_FLIGHT, Pot.RESERVED): TransferKind.FAIL,
    (Pot.PAID, Pot.RESERVED): TransferKind.RETURN,
    (Pot.PAID, Pot.IN_FLIGHT): TransferKind.DOUBT,
    (Pot.RESERVED, Pot.IN_FLIGHT): TransferKind.DOUBT,
}
CONTESTED = "contested"
PAID_TWICE = "paid_twice"
SAID_AFTER_REPEAT = "said_after_repeat"
SAYING = ("line_id", "source", "outcome", "reason", "bank_code", "bank_text", "bank_serial")


def lock_lists(line_ids: Collection[UUID]) -> None:
    """Lock the lists of these lines before anything of theirs.

    All lock in one order: lists, lines, rights, budgets; an answer of the bank holds its list.
    """
    lists = PayoutLine.objects.filter(pk__in=line_ids).order_by().values("batch")
    locked = PayoutBatch.objects.filter(pk__in=lists).select_for_update(of=("self",))
    list(locked.order_by("pk").values_list("pk", flat=True))


def add_evidence(rows: Sequence[LineEvidence]) -> int:
    """Write what was said; the same thing again is no row. Return how many are new."""
    lock_lists({row.line_id for row in rows})
    values = [[getattr(row, name) for row in rows] for name in EVIDENCE]
    with connection.cursor() as cursor:
        cursor.execute(ADD_EVIDENCE, values)
        return int(cursor.rowcount)


EVIDENCE = (
    "line_id", "source", "event_id", "content_hash", "outcome", "reason", "bank_code", "bank_text",
    "bank_serial", "file_id", "settlement_id",
)  # fmt: skip
ADD_EVIDENCE = """
INSERT INTO benefits_lineevidence (line_id, source, event_id, content_hash, outcome, reason,
    bank_code, bank_text, bank_serial, file_id, settlement_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[])
ON CONFLICT DO NOTHING"""


def settle(line_ids: Collection[UUID], *, by: User | ServiceActor) -> dict[str, int]:
    """Bring these lines, their people's rights and the money to what the evidence says.

    Call inside a transaction. Returns how many lines came to each state. A line already there is
    left alone, so any repeat and any order end the same (security.md section 3, I7).
    """
    lines = list(
        PayoutLine.objects.filter(pk__in=line_ids).select_for_update(of=("self",)).order_by("pk")
    )
    _bring_batches(lines)
    before = {line.pk: _words_of(line) for line in lines}
    said = _said_about(line_ids)
    repeated = _repeated(line_ids)
    moving: dict[LineState, list[PayoutLine]] = defaultdict(list)
    for line in lines:
        finding = find(said[line.pk])
        if line.state == finding.state or finding.state is None:
            _tell(line, finding)
        elif line.pk in repeated:
            line.review = SAID_AFTER_REPEAT
        else:
            _tell(line, finding)
            moving[finding.state].append(line)
    _write_words([line for line in lines if before[line.pk] != _words_of(line)])
    _flag(lines)
    for state, some in moving.items():
        _move(state, some, by)
    _close_or_reopen({line.batch_id for line in lines}, by)
    return {str(state): len(some) for state, some in moving.items()}


def _bring_batches(lines: Sequence[PayoutLine]) -> None:
    ids = {line.batch_id for line in lines}
    batches = PayoutBatch.objects.select_related("programme").in_bulk(ids)
    for line in lines:
        line.batch = batches[line.batch_id]


WORDS = ("reason", "bank_code", "bank_text", "bank_serial", "review")
WRITE_WORDS = """
UPDATE benefits_payoutline l SET reason = i.reason, bank_code = i.code, bank_text = i.text,
    bank_serial = i.serial, review = i.review
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS i (id, reason, code, text, serial, review)
WHERE l.id = i.id"""


def _words_of(line: PayoutLine) -> tuple[str, ...]:
    return (line.reason, line.bank_code, line.bank_text, line.bank_serial, line.review)


def _write_words(lines: Sequence[PayoutLine]) -> None:
    """Write what the evidence says about lines, one statement however many."""
    if lines:
        words = [[str(getattr(line, name)) for line in lines] for name in WORDS]
        values: list[Any] = [[line.pk for line in lines], *words]
        with connection.cursor() as cursor:
            cursor.execute(WRITE_WORDS, values)


def _said_about(line_ids: Collection[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = defaultdict(list)
    rows = LineEvidence.objects.filter(line_id__in=line_ids).order_by().values_list(*SAYING)
    for line_id, *words in rows:
        found[line_id].append(Said(*words))
    return found


def _repeated(line_ids: Collection[UUID]) -> set[UUID]:
    """Lines after which the person was put on another list: they are not moved any more."""
    later = PayoutLine.objects.filter(
        entitlement=OuterRef("entitlement"), attempt__gt=OuterRef("attempt")
    ).exclude(state=L.DROPPED)
    return set(
        PayoutLine.objects.filter(Exists(later), pk__in=line_ids).values_list("pk", flat=True)
    )


def _tell(line: PayoutLine, finding: Finding) -> None:
    if finding.state is None:
        return
    line.reason, line.bank_code = finding.reason, finding.code
    line.bank_text, line.bank_serial = finding.text, finding.serial
    line.review = ""
    if finding.is_contested:
        line.review = CONTESTED
    elif finding.is_paid_twice:
        line.review = PAID_TWICE


def _flag(lines: Sequence[PayoutLine]) -> None:
    """Bring the marks that come from evidence along to the person's right."""
    rights = Entitlement.objects.filter(pk__in=[line.entitlement_id for line in lines])
    rights.filter(review__in=[CONTESTED, PAID_TWICE]).update(review="")
    marked: dict[str, list[UUID]] = defaultdict(list)
    for line in lines:
        if line.review:
            marked[line.review].append(line.entitlement_id)
    for review, ids in marked.items():
        Entitlement.objects.filter(pk__in=ids).update(review=review)


def _move(state: LineState, lines: Sequence[PayoutLine], by: User | ServiceActor) -> None:
    before = {line.pk: LineState(line.state) for line in lines}
    rows = PayoutLine.objects.filter(pk__in=list(before))
    if state == L.SENT:
        move_all(rows, VERB_OF[state], by=by, sent_at=Now())
    else:
        settled_at = Now() if state in SETTLED_LINE else None
        move_all(rows, VERB_OF[state], by=by, settled_at=settled_at)
    _move_rights(state, lines, by)
    sums: dict[tuple[UUID, str, Pot, Pot], list[Amount]] = defaultdict(list)
    for line in lines:
        batch = line.batch
        key = (batch.programme.budget_id, batch.channel, POT_OF[before[line.pk]], POT_OF[state])
        sums[key].append(Amount(line.amount_fen, line.entitlement_id, line.pk))
    for (budget, channel, source, target), amounts in sums.items():
        if source != target:
            kind = KIND_OF[source, target]
            ledger.shift(budget, kind, source, target, amounts, channel=channel)


def _move_rights(state: LineState, lines: Sequence[PayoutLine], by: User | ServiceActor) -> None:
    rights = Entitlement.objects.filter(pk__in=[line.entitlement_id for line in lines])
    if state == L.PAID:
        rights.exclude(reason="", rests_until=None).update(reason="", rests_until=None)
        move_all(rights, "pay", by=by)
    elif state in AT_THE_BANK:
        move_all(rights.exclude(state=EntitlementState.IN_PAYMENT), "doubt", by=by)
    else:
        resting: dict[tuple[str, int], list[UUID]] = defaultdict(list)
        for line in lines:
            resting[line.reason, line.batch.programme.cooling_minutes].append(line.entitlement_id)
        for (reason, minutes), ids in resting.items():
            until = Now() + timedelta(minutes=minutes)
            Entitlement.objects.filter(pk__in=ids).update(reason=reason, rests_until=until)
        move_all(rights, "fail", by=by)


def _close_or_reopen(batch_ids: Iterable[UUID], by: User | ServiceActor) -> None:
    for batch in PayoutBatch.objects.filter(pk__in=list(batch_ids)).select_for_update(of=("self",)):
        close_if_settled(batch, by=by)


def close_if_settled(batch: PayoutBatch, *, by: User | ServiceActor) -> None:
    """Close a batch whose lines have all ended, open it again when one is in doubt."""
    is_open = batch.lines.filter(state__in=OPEN_LINE).exists()
    if batch.state == BatchState.RECONCILING and not is_open:
        move(batch, "close", by=by, closed_at=timezone.now())
    elif batch.state == BatchState.CLOSED and is_open:
        move(batch, "reopen", by=by, closed_at=None)
