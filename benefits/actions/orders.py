"""Orders from the release to their end: queued, claimed, and what was heard about them.

Nothing here talks to a channel; `benefits.relay` does, between `claim` and `record`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from benefits.actions.lines import NewEvidence, add_evidence, settle
from benefits.actions.payout_files import finish_release, require_bound
from benefits.actions.sending import is_locked
from benefits.channels.orders import Answer, Heard, Order
from benefits.evidence import Said
from benefits.models import PayoutBatch, PayoutLine, PayoutOrder
from benefits.states.orders import OrderStep
from benefits.states.payouts import (
    AT_THE_BANK,
    BatchState,
    EvidenceSource,
    Outcome,
    Reason,
)
from unionportal.core.actors import BANK, SYSTEM
from unionportal.core.alerts import alert_once
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

MOST_CLAIMED = 1_000
LEASE = timedelta(minutes=3)
KEPT_BACK = timedelta(minutes=5)
# After a call without a proven answer, by how often it was tried: the first look comes soon.
ASK_AGAIN = (3, 5, 15, 60, 300, 1_800)
# Polls of an order the channel has: 1, 5, 30 minutes, then hourly (security.md 3.2).
POLLS = (60, 300, 1_800, 3_600)
FRUITLESS_TRIES = 5
# From here on queries end: WeChat answers for 30 days, then only the fund bill tells.
ASKED_FOR = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An order this relay may act on until its lease ends, and what it is to do."""

    order: Order
    step: OrderStep
    channel: str
    lease: UUID
    tries: int
    polls: int
    is_noticed: bool
    has_package: bool


def queue(lines: QuerySet[PayoutLine]) -> None:
    """Write an order for every line that is being sent; inside the release's transaction."""
    PayoutOrder.objects.bulk_create(
        [PayoutOrder(line_id=pk) for pk in lines.values_list("pk", flat=True)], batch_size=2_000
    )


@transaction.atomic
def claim(limit: int = MOST_CLAIMED) -> list[Claimed]:
    """Take up to `limit` due orders for one relay: lease and intention are committed first.

    The batches behind them are looked at once more in this transaction: two persons, and exactly
    the lines they approved (security.md section 3, I3, I4). Those that fail are kept back.
    """
    due = PayoutOrder.objects.filter(due_at__lte=Now()).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    )
    if is_locked():  # answers may come in, nothing leaves
        due = due.exclude(step=OrderStep.SEND, lease__isnull=True)
    found = list(
        due.order_by("due_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    orders = PayoutOrder.objects.filter(pk__in=found)
    # What two people ended meanwhile is not sent again, whatever the channel may still say.
    ended = orders.filter(step=OrderStep.SEND).exclude(line__state__in=AT_THE_BANK)
    ended.update(due_at=None)
    # A relay that died may have sent: what it held is asked about before it is sent again.
    orders.filter(step=OrderStep.SEND, lease__isnull=False).update(step=OrderStep.QUERY)
    orders = orders.filter(due_at__isnull=False)
    batches = PayoutBatch.objects.filter(lines__order__in=orders).distinct()
    bad = [batch.pk for batch in batches if not _may_leave(batch)]
    orders.filter(line__batch__in=bad).update(due_at=Now() + KEPT_BACK)
    lease = new_id()
    mine = orders.exclude(line__batch__in=bad).select_related("line__batch", "line__payee_account")
    packed = set(mine.filter(package__isnull=False).values_list("pk", flat=True))
    work = [
        _claimed(order, lease, has_package=order.pk in packed)
        for order in mine.defer("package").order_by("due_at", "pk")
    ]
    leased = PayoutOrder.objects.filter(pk__in=[item.order.line_id for item in work])
    leased.update(lease=lease, lease_until=Now() + LEASE)
    leased.filter(step=OrderStep.SEND).update(
        tried_at=Coalesce(F("tried_at"), Now()), tries=F("tries") + 1
    )
    return work


def _may_leave(batch: PayoutBatch) -> bool:
    try:
        if batch.state not in {BatchState.RELEASED, BatchState.RECONCILING, BatchState.CLOSED}:
            raise Refused("not released", code="not_released")
        require_bound(batch)
    except Refused as refusal:
        alert_once("batch_kept_back", by=SYSTEM, target=batch, data={"code": refusal.code})
        return False
    return True


def _claimed(order: PayoutOrder, lease: UUID, *, has_package: bool) -> Claimed:
    line = order.line
    return Claimed(
        Order(
            line.pk, line.order_no, line.amount_fen, line.payee_account.number, line.holder_name,
            line.batch.summary,
        ),
        OrderStep(order.step), line.batch.channel, lease,
        order.tries + (order.step == OrderStep.SEND), order.polls,
        is_noticed=order.noticed_at is not None, has_package=has_package,
    )  # fmt: skip


def release_unused(items: Sequence[Claimed]) -> None:
    """Give back what this relay claimed and did not come to."""
    if not items:
        return
    ids = [item.order.line_id for item in items]
    mine = PayoutOrder.objects.filter(lease=items[0].lease, pk__in=ids)
    mine.filter(step=OrderStep.SEND).update(tries=F("tries") - 1)
    mine.update(lease=None, lease_until=None)


@transaction.atomic
def record(heard: Sequence[tuple[Claimed, Answer]]) -> dict[str, int]:
    """Write what was heard and settle its lines; return how many came to each state.

    What comes after the lease has ended is evidence all the same; only the schedule is left to
    the relay that has the order now.
    """
    rows = [_evidence(item, answer.said) for item, answer in heard if answer.said]
    rows += [_fruitless(item) for item, answer in heard if _is_fruitless(item, answer)]
    add_evidence(rows)
    counts = settle({row.line_id for row in rows}, by=BANK) if rows else {}
    lines = PayoutLine.objects.in_bulk([item.order.line_id for item, _answer in heard])
    for batch in PayoutBatch.objects.filter(lines__in=lines, state=BatchState.RELEASED).distinct():
        finish_release(batch, BANK)
    for item, answer in heard:
        _schedule(item, answer)
        if answer.alert:
            alert_once(answer.alert, by=BANK, target=lines[item.order.line_id])
    return counts


def _evidence(item: Claimed, said: Said) -> NewEvidence:
    if item.is_noticed and said.source == EvidenceSource.QUERY:
        said = replace(said, source=EvidenceSource.CALLBACK)
    return NewEvidence(
        line_id=item.order.line_id, source=said.source, event_id=item.order.number,
        told=(said.outcome, said.reason, said.code, said.text, said.serial), outcome=said.outcome,
        reason=said.reason, bank_code=said.code, bank_text=said.text, bank_serial=said.serial,
    )  # fmt: skip


def _is_fruitless(item: Claimed, answer: Answer) -> bool:
    return answer.heard != Heard.KNOWN and item.tries >= FRUITLESS_TRIES


def _fruitless(item: Claimed) -> NewEvidence:
    said = Said(EvidenceSource.QUERY, Outcome.UNCLEAR, Reason.NO_ANSWER, code="no_answer")
    return _evidence(replace(item, is_noticed=False), said)


def _schedule(item: Claimed, answer: Answer) -> None:
    """Say when and how this order is next acted on."""
    values: dict[str, object] = {"lease": None, "lease_until": None}
    if answer.heard == Heard.KNOWN:
        step, seconds = _after_known(item, answer)
        values |= {name: value for name, value in (
            ("bill_no", answer.bill_no), ("channel_state", answer.state),
            ("package", answer.package),
        ) if value}  # fmt: skip
        values["polls"] = 0 if item.step == OrderStep.SEND else F("polls") + 1
    else:
        # "Not found" is no failure: the same number goes out once more, and collides if it came.
        is_absent = answer.heard == Heard.ABSENT
        step = OrderStep.SEND if is_absent else OrderStep.QUERY
        seconds = ASK_AGAIN[min(item.tries + item.polls, len(ASK_AGAIN)) - 1]
        values["polls"] = 0 if is_absent else F("polls") + 1
    if item.step == OrderStep.QUERY:
        values["asked_at"] = Now()
    if item.is_noticed and answer.heard == Heard.KNOWN:
        values["noticed_at"] = None
    values |= {"step": step, "due_at": None if seconds is None else _in(seconds)}
    mine = PayoutOrder.objects.filter(pk=item.order.line_id)
    mine.filter(lease=item.lease).update(**values)
    # A notice that came while we called: asked about at once, whatever the answer was.
    if not item.is_noticed:
        mine.filter(noticed_at__isnull=False).update(step=OrderStep.QUERY, due_at=Now())


def _in(seconds: float) -> object:
    return Now() + timedelta(seconds=seconds)


def _after_known(item: Claimed, answer: Answer) -> tuple[OrderStep, float | None]:
    if answer.is_over:
        return OrderStep.QUERY, None
    if answer.alert or answer.state in {"SUCCESS", "FAIL", "CANCELLED"}:
        return OrderStep.QUERY, 1
    if answer.state == "WAIT_USER_CONFIRM" and not (answer.package or item.has_package):
        return OrderStep.SEND, ASK_AGAIN[0]  # the same number again brings what the member needs
    polls = 0 if item.step == OrderStep.SEND else item.polls
    return OrderStep.QUERY, POLLS[min(polls, len(POLLS) - 1)]


def stop_asking() -> int:
    """End the queries of orders that are 28 days old: only the fund bill tells now.

    They become unknown, for a person and the bill to end. Return how many.
    """
    old = PayoutOrder.objects.filter(due_at__isnull=False, tried_at__lt=Now() - ASKED_FOR)
    with transaction.atomic():
        ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1_000])
        PayoutOrder.objects.filter(pk__in=ids).update(due_at=None)
        lines = PayoutLine.objects.filter(pk__in=ids, state__in=AT_THE_BANK)
        rows = [
            NewEvidence(
                line_id=line.pk, source=EvidenceSource.SILENCE, event_id=line.order_no,
                told=("silence",), outcome=Outcome.UNCLEAR, reason=Reason.NO_ANSWER,
            )
            for line in lines
        ]  # fmt: skip
        add_evidence(rows)
        settle([row.line_id for row in rows], by=SYSTEM)
    return len(ids)
