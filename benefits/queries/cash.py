"""What is out in cash, and the receipts that tell of it."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet, Sum

from benefits.models import CashReceipt, PayoutBatch, PayoutLine
from benefits.states.payouts import LineState

NOT_ON_PAPER = (LineState.PLANNED, LineState.APPROVED, LineState.DROPPED)


def pay_list(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """The lines that are on the pay list of a released batch, with whom they are for."""
    lines = batch.lines.exclude(state__in=NOT_ON_PAPER).select_related("entitlement__person")
    return lines.defer("entitlement__person__id_number", "entitlement__person__phone")


def receipts_of(batch: PayoutBatch) -> QuerySet[CashReceipt]:
    """A batch's receipts, newest first, with how many lines and how much they tell of."""
    signed = Q(lines__is_paid=True)
    return (
        batch.receipts.select_related("recorded_by", "decided_by")
        .annotate(
            paid=Count("lines", filter=signed),
            unpaid=Count("lines", filter=~signed),
            fen=Sum("lines__line__amount_fen", filter=signed, default=0),
        )
        .order_by("-recorded_at", "-pk")
    )
