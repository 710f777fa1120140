"""Bring lines to the state that follows from their evidence, and the money with them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING
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
from unionportal.core.transitions import move, move_all, move_found

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvidence:
    """What was said about a line, to be written; `told` is all that tells it from a repeat."""

    line_id: UUID
    source: str
    event_id: str
    outcome: str
    told: tuple[str, ...]
    reason: str = ""
    bank_code: str = ""
    bank_text: str = ""
    bank_serial: str = ""
    file_id: UUID | None = None
    settlement_id: UUID | None = None
    receipt_id: UUID | None = None

    @property
    def content_hash(self) -> str:
        """The SHA-256 of what was told."""
        return hashlib.sha256("|".join(self.told).encode()).hexdigest()


def add_evidence(rows: Sequence[NewEvidence]) -> int:
    """Write what was said; the same thing again is no row. Return how many are new."""
    lock_lists({row.line_id for row in rows})
    columns = list(zip(*map(EVIDENCE, rows), strict=True)) or [()] * len(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(ADD_EVIDENCE, [list(column) for column in columns])
        return int(cursor.rowcount)


COLUMNS = (
    "line_id", "source", "event_id", "content_hash", "outcome", "reason", "bank_code", "bank_text",
    "bank_serial", "file_id", "settlement_id", "receipt_id",
)  # fmt: skip
EVIDENCE = attrgetter(*COLUMNS)
ADD_EVIDENCE = """
INSERT INTO benefits_lineevidence (line_id, source, event_id, content_hash, outcome, reason,
    bank_code, bank_text, bank_serial, file_id, settlement_id, receipt_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[])
ON CONFLICT DO NOTHING"""


@dataclass(slots=True)
class Held:
    """A locked line: where its money is, and what is said of it."""

    pk: UUID
    batch_id: UUID
    entitlement_id: UUID
    amount_fen: int
    state: str
    reason: str
    bank_code: str
    bank_text: str
    bank_serial: str
    review: str

    @property
    def words(self) -> tuple[str, ...]:
        """What `WORDS` names, to be written."""
        return WORDS_OF(self)


HELD = ("pk", "batch_id", "entitlement_id", "amount_fen", "state")
WORDS = ("reason", "bank_code", "bank_text", "bank_serial", "review")
WORDS_OF = attrgetter(*WORDS)


def _hold(line_ids: Collection[UUID]) -> list[Held]:
    rows = PayoutLine.objects.filter(pk__in=line_ids).select_for_update(of=("self",))
    return [Held(*row) for row in rows.order_by("pk").values_list(*HELD, *WORDS)]


def settle(line_ids: Collection[UUID], *, by: User | ServiceActor) -> dict[str, int]:
    """Bring these lines, their people's rights and the money to what the evidence says.

    Call inside a transaction. Returns how many lines came to each state. A line already there is
    left alone, so any repeat and any order end the same (security.md section 3, I7).
    """
    lines = _hold(line_ids)
    before = {line.pk: line.words for line in lines}
    said = _said_about(line_ids)
    repeated = _repeated(line_ids)
    moving: dict[LineState, list[Held]] = defaultdict(list)
    for line in lines:
        finding = find(said[line.pk])
        if line.state == finding.state or finding.state is None:
            _tell(line, finding)
        elif line.pk in repeated:
            line.review = SAID_AFTER_REPEAT
        else:
            _tell(line, finding)
            moving[finding.state].append(line)
    gone = {line.pk for some in moving.values() for line in some}
    changed = [line for line in lines if before[line.pk] != line.words]
    _write_words([line for line in changed if line.pk not in gone])
    _flag(lines)
    for state, some in moving.items():
        _move(state, some, by)
    _close_or_reopen({line.batch_id for line in lines}, by)
    return {str(state): len(some) for state, some in moving.items()}


WRITE_WORDS = """
UPDATE benefits_payoutline l SET reason = i.reason, bank_code = i.code, bank_text = i.text,
    bank_serial = i.serial, review = i.review
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS i (id, reason, code, text, serial, review)
WHERE l.id = i.id"""


def _columns_of(lines: Sequence[Held]) -> list[list[str]]:
    return [list(column) for column in zip(*(line.words for line in lines), strict=True)]


def _write_words(lines: Sequence[Held]) -> None:
    """Write what the evidence says about lines, one statement however many."""
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(WRITE_WORDS, [[line.pk for line in lines], *_columns_of(lines)])


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


def _tell(line: Held, finding: Finding) -> None:
    if finding.state is None:
        return
    line.reason, line.bank_code = finding.reason, finding.code
    line.bank_text, line.bank_serial = finding.text, finding.serial
    line.review = ""
    if finding.is_contested:
        line.review = CONTESTED
    elif finding.is_paid_twice:
        line.review = PAID_TWICE


def _flag(lines: Sequence[Held]) -> None:
    """Bring the marks that come from evidence along to the person's right."""
    rights = Entitlement.objects.filter(pk__in=[line.entitlement_id for line in lines])
    rights.filter(review__in=[CONTESTED, PAID_TWICE]).update(review="")
    marked: dict[str, list[UUID]] = defaultdict(list)
    for line in lines:
        if line.review:
            marked[line.review].append(line.entitlement_id)
    for review, ids in marked.items():
        Entitlement.objects.filter(pk__in=ids).update(review=review)


def _move(state: LineState, lines: Sequence[Held], by: User | ServiceActor) -> None:
    found = {line.pk: line.state for line in lines}
    settled = {"settled_at": Now() if state in SETTLED_LINE else None}
    times = {"sent_at": Now()} if state == L.SENT else settled
    texts = dict(zip(WORDS, _columns_of(lines), strict=True))
    move_found(PayoutLine, VERB_OF[state], by=by, found=found, changes=times, texts=texts)
    lists = PayoutBatch.objects.select_related("programme").in_bulk({one.batch_id for one in lines})
    _move_rights(state, lines, lists, by)
    sums: dict[tuple[UUID, str, Pot, Pot], list[Amount]] = defaultdict(list)
    for line in lines:
        batch = lists[line.batch_id]
        pots = POT_OF[LineState(line.state)], POT_OF[state]
        amount = Amount(line.amount_fen, line.entitlement_id, line.pk)
        sums[batch.programme.budget_id, batch.channel, *pots].append(amount)
    for (budget, channel, source, target), amounts in sums.items():
        if source != target:
            kind = KIND_OF[source, target]
            ledger.shift(budget, kind, source, target, amounts, channel=channel)


def _move_rights(
    state: LineState,
    lines: Sequence[Held],
    lists: Mapping[UUID, PayoutBatch],
    by: User | ServiceActor,
) -> None:
    rights = Entitlement.objects.filter(pk__in=[line.entitlement_id for line in lines])
    if state == L.PAID:
        unpaid = rights.filter(state__in=Entitlement.machine.step("pay").sources).order_by("pk")
        found = dict(unpaid.select_for_update(of=("self",)).values_list("pk", "state"))
        rested = {"reason": "", "rests_until": None}
        move_found(Entitlement, "pay", by=by, found=found, changes=rested)
    elif state in AT_THE_BANK:
        move_all(rights.exclude(state=EntitlementState.IN_PAYMENT), "doubt", by=by)
    else:
        resting: dict[tuple[str, int], list[UUID]] = defaultdict(list)
        for line in lines:
            minutes = lists[line.batch_id].programme.cooling_minutes
            resting[line.reason, minutes].append(line.entitlement_id)
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
