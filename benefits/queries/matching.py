"""What the pages of the daily match show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from benefits.models import BankFile, DayRecord, Difference, LineEvidence, PayoutLine
from benefits.states.cards import FileKind, FileState
from benefits.states.matching import RecordSource
from benefits.states.payouts import EvidenceSource, LineState, Outcome

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


@dataclass(frozen=True, slots=True)
class Side:
    """One of the three sides of a day: payments and fen."""

    label: str
    count: int
    fen: int


def records(user: AnyUser) -> QuerySet[DayRecord]:
    """Days with a record, each with the number of differences that wait."""
    waiting = Count("differences", filter=Q(differences__state__in=["open", "proposed"]))
    return DayRecord.objects.visible_to(user).annotate(waiting=waiting)


def differences_waiting(user: AnyUser) -> int:
    """Return how many differences wait for somebody."""
    return Difference.objects.visible_to(user).waiting().count()


def statements_apart(user: AnyUser) -> QuerySet[BankFile]:
    """Statements that are not in yet: set apart, or waiting for a second person."""
    if not DayRecord.objects.visible_to(user).query.is_empty():
        states = [FileState.QUARANTINED, FileState.HELD]
        rows = BankFile.objects.filter(kind=FileKind.STATEMENT, state__in=states)
        return rows.select_related("created_by").order_by("-created_at", "-pk")
    return BankFile.objects.none()


def sides(record: DayRecord) -> list[Side]:
    """Return the three sides of a day: settled here, answered by the channel, on the record."""
    here = PayoutLine.objects.filter(
        batch__channel=record.channel, state=LineState.PAID, settled_at__date=record.day
    )
    return [
        _side(_("Paid here"), here),
        Side(_("Answered by the channel"), *_answered(record.channel, record.day)),
        Side(str(record.get_source_display()), record.out_count, record.out_fen),
        Side(_("Came back"), record.back_count, record.back_fen),
    ]


def _side(label: str, lines: QuerySet[PayoutLine]) -> Side:
    sums = lines.aggregate(count=Count("pk"), fen=Sum("amount_fen"))
    return Side(label, sums["count"], sums["fen"] or 0)


def _answered(channel: str, day: date) -> tuple[int, int]:
    """Return payments and fen the channel reported as paid on a day: its bill, else its answers."""
    bill = DayRecord.objects.filter(source=RecordSource.BILL, channel=channel, day=day).first()
    if bill is not None:
        return bill.out_count, bill.out_fen
    told = LineEvidence.objects.filter(
        line__batch__channel=channel, recorded_at__date=day, outcome=Outcome.SUCCESS,
        source__in=[EvidenceSource.BANK_FILE, EvidenceSource.REPLY, EvidenceSource.QUERY],
    )  # fmt: skip
    sums = told.aggregate(count=Count("line", distinct=True))
    fen = PayoutLine.objects.filter(pk__in=told.values("line")).aggregate(fen=Sum("amount_fen"))
    return sums["count"], fen["fen"] or 0
