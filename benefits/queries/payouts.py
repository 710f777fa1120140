"""What can be paid, what stands in the way, and what a batch amounts to."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Collate, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from benefits import channels
from benefits.models import (
    BankFile,
    Cycle,
    Entitlement,
    PayeeAccount,
    PayoutBatch,
    PayoutLine,
    Programme,
)
from benefits.states.payouts import (
    LIVE_LINE,
    EntitlementState,
    LineState,
    Reason,
)
from members.models.consents import Purpose
from members.queries.consents import refusers

DIGEST_COLUMNS = (
    "order_no", "seq", "attempt", "entitlement_id", "amount_fen", "payee_account_id",
    "number_index", "holder_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a reserved right is not on a list yet; `count` people."""

    code: str
    words: str | Promise
    count: int


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """People and fen of a batch by where they are; `left_out` is not sent to the bank."""

    people: dict[str, int]
    fen: dict[str, int]

    def of(self, *states: str) -> tuple[int, int]:
        """Return (people, fen) in these states."""
        return (
            sum(self.people.get(state, 0) for state in states),
            sum(self.fen.get(state, 0) for state in states),
        )


def unpaid(programme: Programme) -> QuerySet[Entitlement]:
    """Reserved rights on no live list, in turn, each with its usable account's id.

    An account from which this right's money came back is not tried again (I8).
    """
    live = PayoutLine.objects.filter(entitlement=OuterRef("pk"), state__in=LIVE_LINE)
    came_back = PayoutLine.objects.filter(
        entitlement=OuterRef(OuterRef("pk")), payee_account=OuterRef("pk"), state=LineState.RETURNED
    )
    account = _accounts(programme).filter(~Exists(came_back), person=OuterRef("person"))
    return (
        Entitlement.objects.filter(
            ~Exists(live), programme=programme, state=EntitlementState.RESERVED
        )
        .annotate(account_id=Subquery(account.order_by("-usable_from", "-id").values("pk")[:1]))
        .in_turn()
    )


def is_rested() -> Q:
    """Match rights whose failed try has cooled, by the database's clock."""
    return Q(rests_until__isnull=True) | Q(rests_until__lte=Now())


def payable(programme: Programme) -> QuerySet[Entitlement]:
    """Rights that can go on a list now, as far as the database can tell (names come later).

    Without the person's consent to payouts nothing goes to a bank (PIPL 29).
    """
    return (
        unpaid(programme)
        .filter(is_rested(), Q(account_id__isnull=False), review="")
        .exclude(person__in=refusers(Purpose.PAYOUT))
    )


def _accounts(programme: Programme) -> QuerySet[PayeeAccount]:
    """The usable accounts of the kind the programme's channel pays."""
    return PayeeAccount.objects.usable().filter(kind=channels.get(programme.channel).account_kind)


def next_cycle(programme: Programme) -> Cycle | None:
    """Return the oldest cycle in which somebody can be paid."""
    cycles = programme.cycles.order_by("window_from")
    return next((one for one in cycles if payable(programme).filter(cycle=one).exists()), None)


def payable_count(programme: Programme) -> int:
    """Return how many people a list made now would hold."""
    return sum(not code for code in _channel_obstacles(programme))


def _channel_obstacles(programme: Programme) -> list[str]:
    """Return for each payable right why the channel could never carry it, "" when it can."""
    account = _accounts(programme).filter(person=OuterRef("person"))
    chosen = Subquery(account.order_by("-usable_from", "-id").values("pk")[:1])
    rows = payable(programme).order_by().filter(person__payee_accounts=chosen)
    channel = channels.get(programme.channel)
    return [
        channel.obstacle(PayeeAccount(holder_name=name), fen)
        for name, fen in rows.values_list("person__payee_accounts__holder_name", "amount_fen")
    ]


def obstacles(programme: Programme) -> list[Obstacle]:
    """Return why reserved rights of a programme cannot be paid now, with how many each."""
    rows = unpaid(programme).order_by()
    refused = Counter(_channel_obstacles(programme))
    found = [
        Obstacle("no_consent", _("Consent to payouts withdrawn"),
                 rows.filter(person__in=refusers(Purpose.PAYOUT)).count()),
        Obstacle("no_account", _("No account that may be used yet"),
                 rows.filter(Q(account_id__isnull=True)).count()),
        Obstacle("resting", _("The last try failed; it rests before the next"),
                 rows.exclude(is_rested()).count()),
        Obstacle("review", _("A person must look at it first"), rows.exclude(review="").count()),
        Obstacle("name", _("The name has characters the bank's file cannot carry"),
                 refused["name"]),
        Obstacle("amount", _("The amount is too small for this way of paying"),
                 refused["amount"]),
    ]  # fmt: skip
    return [obstacle for obstacle in found if obstacle.count]


def lines_digest(batch: PayoutBatch) -> str:
    """Return the SHA-256 over the sorted lines' terms as they are in the database now.

    A line begins with its order number, which is once in a batch and always of 32 capitals and
    digits, so the database sorts and the lines stream through: nothing is held, however many.
    """
    digest, separator = hashlib.sha256(), b""
    rows = batch.lines.order_by(Collate("order_no", "C")).values_list(*DIGEST_COLUMNS)
    for row in rows.iterator(chunk_size=2_000):
        digest.update(separator + "|".join(map(str, row)).encode())
        separator = b"\n"
    return digest.hexdigest()


def lines_of(file: BankFile) -> QuerySet[PayoutLine]:
    """The lines that a file carries to the bank, in its order."""
    return file.lines.order_by("file_seq")


def dropping(lines: QuerySet[PayoutLine]) -> list[tuple[Reason, QuerySet[PayoutLine]]]:
    """Return which of these lines may no longer be paid, by why."""
    usable = PayeeAccount.objects.usable().filter(
        pk=OuterRef("payee_account"), number_index=OuterRef("number_index")
    )
    return [
        (Reason.ACCOUNT_CHANGED, lines.filter(~Exists(usable))),
        (
            Reason.NOT_PAYABLE,
            lines.exclude(entitlement__state=EntitlementState.RESERVED, entitlement__review=""),
        ),
        (Reason.NOT_PAYABLE, lines.filter(entitlement__person__in=refusers(Purpose.PAYOUT))),
    ]


def sendable(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """The approved lines of a batch that may be paid now."""
    lines = batch.lines.filter(state=LineState.APPROVED)
    for _why, barred in dropping(batch.lines.all()):
        lines = lines.exclude(pk__in=barred.values("pk"))
    return lines


def batch_figures(batch: PayoutBatch) -> BatchFigures:
    """Return how many people and how much fen of a batch are in each state; one query."""
    rows = list(
        batch.lines.order_by()
        .values("state")
        .annotate(people=Count("pk"), fen=Sum("amount_fen"))
        .values_list("state", "people", "fen")
    )
    return BatchFigures({s: n for s, n, _fen in rows}, {s: fen for s, _n, fen in rows})
