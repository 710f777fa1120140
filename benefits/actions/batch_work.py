"""What a decision about a list means for its lines, done a chunk at a time.

The list's own state says what is left to do, so any worker can go on where one died: each chunk is
one transaction that locks the list, takes the next lines in order and moves them, the money and the
log together. Nothing here holds more than a chunk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from benefits import channels, ledger
from benefits.actions import building, notices, payout_files
from benefits.actions.sending import end_by_record, require_open
from benefits.ledger import Amount
from benefits.models import Entitlement, PayoutBatch, PayoutLine, Pot, TransferKind
from benefits.queries.payouts import dropping
from benefits.states.payouts import BatchState, LineState, Reason
from unionportal.core.transitions import move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

    Actor = User | ServiceActor

CHUNK = 2_000
Report = Callable[[int], None]
# Moves the next lines behind a number; returns the last number looked at, 0 when none was left.
Step = Callable[["PayoutBatch", int, "Actor"], int]


def nobody_asks(_done: int) -> None:
    """Stand for no report."""


def is_short(batch: PayoutBatch) -> bool:
    """Say whether a list is short enough to be worked on while its officer waits."""
    return batch.line_count <= CHUNK


def carry_on(batch: PayoutBatch, *, by: Actor, report: Report = nobody_asks) -> None:
    """Do what is left to do with the lines of a list; nothing when nothing is."""
    if batch.state == BatchState.BUILDING:
        _build(batch, by, report)
    elif batch.state in WORK:
        step, finish = WORK[BatchState(batch.state)]
        last = 0
        while last := step(batch, last, by):
            report(last)
        finish(batch, by)
    batch.refresh_from_db()


def _build(batch: PayoutBatch, by: Actor, report: Report) -> None:
    place = building.place_of(batch)
    looked = batch.line_count
    while True:
        added, place = building.add_some(batch, place)
        if place is None:
            break
        looked += added
        report(looked)
    building.complete(batch, by=by)


def _locked(batch: PayoutBatch) -> bool:
    """Hold the list; False when it has left the state in which this work is done."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    return held.state == batch.state


def _next(batch: PayoutBatch, after: int, most: int, *states: str) -> list[int]:
    rows = batch.lines.filter(state__in=states, seq__gt=after).order_by("seq")
    return list(rows.values_list("seq", flat=True)[:most])


def _between(batch: PayoutBatch, seqs: list[int], *states: str) -> QuerySet[PayoutLine]:
    return batch.lines.filter(seq__range=(seqs[0], seqs[-1]), state__in=states)


@transaction.atomic
def _approve_some(batch: PayoutBatch, after: int, by: Actor) -> int:
    seqs = _next(batch, after, CHUNK, LineState.PLANNED) if _locked(batch) else []
    if not seqs:
        return 0
    move_all(_between(batch, seqs, LineState.PLANNED), "approve", by=by)
    return seqs[-1]


@transaction.atomic
def _send_some(batch: PayoutBatch, after: int, by: Actor) -> int:
    """Let the next lines go: at most as many as the channel takes at once."""
    require_open()
    channel = channels.get(batch.channel)
    most = channel.most_lines
    seqs = _next(batch, after, most, LineState.APPROVED) if _locked(batch) else []
    if not seqs:
        return 0
    chunk = _between(batch, seqs, LineState.APPROVED)
    for why, lines in dropping(chunk):
        drop(lines, why, by)
    sums = [Amount(*row) for row in chunk.values_list("amount_fen", "entitlement_id", "pk")]
    if sums:
        ids = [item.line_id for item in sums if item.line_id]
        move_all(chunk, "send", by=by, sending_at=Now())
        move_all(Entitlement.objects.filter(lines__in=ids), "release", by=by)
        ledger.shift(
            batch.programme.budget_id, TransferKind.SEND, Pot.RESERVED, Pot.IN_FLIGHT, sums,
            channel=batch.channel,
        )  # fmt: skip
        end_by_record(ids, by=by)
        sending = PayoutLine.objects.filter(pk__in=ids, state=LineState.SENDING).order_by("seq")
        if sending.exists():
            channel.queue(batch, sending, by=by)
    return seqs[-1]


@transaction.atomic
def _drop_some(batch: PayoutBatch, after: int, by: Actor) -> int:
    waiting = (LineState.PLANNED, LineState.APPROVED)
    seqs = _next(batch, after, CHUNK, *waiting) if _locked(batch) else []
    if not seqs:
        return 0
    drop(_between(batch, seqs, *waiting), Reason.BATCH_STOPPED, by)
    return seqs[-1]


def drop(lines: QuerySet[PayoutLine], why: Reason, by: Actor) -> None:
    """Leave lines out with a reason; the digest still covers them, so the list stays bound."""
    chosen = PayoutLine.objects.filter(pk__in=list(lines.values_list("pk", flat=True)))
    chosen.update(reason=why)
    move_all(chosen, "drop", by=by, reason=why)


def _nothing_more(_batch: PayoutBatch, _by: Actor) -> None:
    """The lines were all there was to do."""


# The states in which lines are worked on, with what ends the work.
WORK: dict[BatchState, tuple[Step, Callable[[PayoutBatch, Actor], None]]] = {
    BatchState.APPROVED: (_approve_some, notices.start),
    BatchState.RELEASED: (_send_some, payout_files.finish_release),
    BatchState.REJECTED: (_drop_some, _nothing_more),
    BatchState.CANCELLED: (_drop_some, _nothing_more),
}
