"""What a public notice shows to everybody: masked people, and only while it hangs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from benefits.models import Objection, PayoutBatch, PayoutLine
from benefits.states.payouts import BatchState, LineState
from unionportal.core.masking import mask_id_public, mask_name

if TYPE_CHECKING:
    from benefits.models.notices import ObjectionQuerySet

ON_NOTICE = (BatchState.NOTICE_OPEN,)
# Whoever has the address of a notice that is over is told so, without a name.
WAS_ON_NOTICE = (
    *ON_NOTICE, BatchState.NOTICE_CLOSED, BatchState.RELEASED, BatchState.RECONCILING,
    BatchState.CLOSED, BatchState.REJECTED, BatchState.CANCELLED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One payment as the public sees it; a firm's name is no personal data."""

    seq: int
    name: str
    id_masked: str
    unit: str
    amount_fen: int


def notices() -> QuerySet[PayoutBatch]:
    """Lists that hang or hung out for at least a day."""
    rows = PayoutBatch.objects.filter(
        state__in=WAS_ON_NOTICE, notice_until__isnull=False, programme__notice_days__gt=0
    )
    return rows.select_related("programme", "cycle")


def open_notices() -> QuerySet[PayoutBatch]:
    """Lists that hang out now, the first to end first."""
    return notices().filter(state__in=ON_NOTICE).order_by("notice_until", "number")


def notice_lines(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """The payments of a list on notice, with what `in_public` reads; those left out are not on."""
    rows = batch.lines.filter(state=LineState.APPROVED)
    return rows.select_related(
        "entitlement__person", "entitlement__membership__unit", "entitlement__employer"
    ).defer("entitlement__person__phone")


def in_public(lines: Iterable[PayoutLine]) -> list[NoticeLine]:
    """Return payments as the public may see them (domain.md section 5, masking habits)."""
    return [_masked(line) for line in lines]


def _masked(line: PayoutLine) -> NoticeLine:
    right = line.entitlement
    if right.employer is not None:
        return NoticeLine(line.seq, right.employer.name, "", "", line.amount_fen)
    if right.person is None or right.membership is None:
        raise LookupError("a right belongs to a person or an employer")
    return NoticeLine(
        line.seq, mask_name(right.person.name), mask_id_public(right.person.id_number),
        right.membership.unit.name, line.amount_fen,
    )  # fmt: skip


def objections_of(batch: PayoutBatch) -> ObjectionQuerySet:
    """What was said against a list, the oldest first; texts stay encrypted."""
    return (
        Objection.objects.filter(batch=batch).raised().select_related("line", "decided_by")
        .defer("text", "phone", "answer")
    )  # fmt: skip
