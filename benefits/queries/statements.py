"""The statement of an account of the ledger: its movements with the balance after each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from benefits.models import Account, Posting

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of an account and its balance afterwards."""

    posting: Posting
    balance_fen: int


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of an account's statement without gaps: the ids of its first and last movement.

    Movements are in the order in which they were posted, so each balance follows from the one
    before. A day's span begins with its first and ends with its last movement; a transaction that
    lasted over midnight may lie between them.
    """

    account: Account
    first: int | None = None
    last: int | None = None

    @property
    def rows(self) -> QuerySet[Posting]:
        found = Posting.objects.filter(account=self.account)
        if self.first is not None:
            found = found.filter(pk__gte=self.first)
        return found if self.last is None else found.filter(pk__lte=self.last)


def span(account: Account, day_from: date | None = None, day_to: date | None = None) -> Span | None:
    """Return the piece of a statement from one day to another, both included; None when empty."""
    if day_from is None and day_to is None:
        return Span(account)
    rows = Posting.objects.filter(account=account)
    if day_from:
        rows = rows.filter(posted_at__gte=_midnight(day_from))
    if day_to:
        rows = rows.filter(posted_at__lt=_midnight(day_to + timedelta(days=1)))
    ends = rows.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return None
    return Span(account, ends["first"] if day_from else None, ends["last"] if day_to else None)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def balance_after(account: Account, posting_id: int) -> int:
    """Return the balance after a movement: today's, less all that came later.

    One statement, so that nothing is posted in between; nothing is summed for the newest.
    """
    return _less(account, pk__gt=posting_id)


def balance_before(account: Account, posting_id: int) -> int:
    """Return the balance before a movement, as `balance_after` does."""
    return _less(account, pk__gte=posting_id)


def _less(account: Account, **later: int) -> int:
    moved = Posting.objects.filter(account=OuterRef("pk"), **later).order_by().values("account")
    fen = Subquery(moved.annotate(fen=Sum("amount_fen")).values("fen"))
    row = Account.objects.filter(pk=account.pk).annotate(left=F("balance_fen") - Coalesce(fen, 0))
    return int(row.values_list("left", flat=True).get())


def entries(account: Account, postings: Sequence[Posting]) -> list[Entry]:
    """Return movements, newest first and without gaps, each with the balance after it."""
    if not postings:
        return []
    found, balance = [], balance_after(account, postings[0].pk)
    for one in postings:
        found.append(Entry(one, balance))
        balance -= one.amount_fen
    return found


def with_places(rows: QuerySet[Posting]) -> QuerySet[Posting]:
    """Read along what a movement belongs to, and the account on its other side."""
    other = Posting.objects.filter(transfer=OuterRef("transfer")).exclude(pk=OuterRef("pk"))
    return rows.annotate(
        batch_number=F("line__batch__number"), seq=F("line__seq"), order_no=F("line__order_no"),
        other_pot=Subquery(other.values("account__pot")[:1]),
    )  # fmt: skip


def written(piece: Span) -> Iterator[Entry]:
    """Yield a piece of a statement, oldest first, reading a chunk at a time."""
    rows = with_places(piece.rows).order_by("pk")
    first = piece.rows.order_by("pk").values_list("pk", flat=True).first()
    if first is None:
        return
    balance = balance_before(piece.account, first)
    for one in rows.iterator(chunk_size=CHUNK):
        balance += one.amount_fen
        yield Entry(one, balance)
