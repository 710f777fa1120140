"""Make a payout list: everybody of a cycle who can be paid now, in turn, a chunk at a time.

A list being made belongs to nobody's eyes yet: it is handed to its maker as a draft when it is
whole. What was added stays after a kill, and the next worker goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import channels
from benefits.actions.rights import person_of
from benefits.models import Entitlement, PayeeAccount, PayoutBatch, PayoutLine
from benefits.queries.payouts import next_cycle, payable
from benefits.states.payouts import BatchState, Benefit, EntitlementState, LineState, ProgrammeState
from unionportal.core.copying import copying
from unionportal.core.crypto import order_hmac, person_order_key
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.statistics import count_anew
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from benefits.models import Programme
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

NUMBER_LOCK = 0x50424E4F
CHUNK = 2_000
# Where a list has got to among the rights in turn: the day and the id of the last one looked at.
Place = tuple[date, UUID]

COLUMNS = (
    "id", "batch_id", "entitlement_id", "seq", "attempt", "order_no", "amount_fen",
    "payee_account_id", "number_index", "holder_name", "state", "reason", "bank_code", "bank_text",
    "bank_serial", "review",
)  # fmt: skip
COPY = f"COPY benefits_payoutline ({', '.join(COLUMNS)}) FROM STDIN"
CONSTANTS = (LineState.PLANNED.value, "", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Payee:
    """A right that goes on the list, and the account its money goes to."""

    right_id: UUID
    amount_fen: int
    id_type: str
    id_number: str
    attempt: int
    account: PayeeAccount


def nobody_payable() -> Refused:
    return Refused(
        _("Nobody can be paid now. The programme's page says why."), code="nobody_payable"
    )


@transaction.atomic
def begin(*, by: User, programme: Programme) -> PayoutBatch:
    """Make an empty list for the oldest cycle that waits; `add_some` brings the people.

    Raises `NotAllowed` without the maker's right and `Refused` when nobody can be paid.
    """
    person_of(by, Permission.MAKE_PAYOUT)
    if programme.state == ProgrammeState.DRAFT:
        raise Refused(_("Open the programme first."), code="not_open")
    if programme.benefit != Benefit.CASH:
        raise Refused(_("This programme gives no money; nothing goes on a list."), code="no_money")
    cycle = next_cycle(programme)
    if cycle is None:
        raise nobody_payable()
    batch = PayoutBatch(
        number=_next_number(timezone.localdate()), programme=programme,
        cycle=cycle, channel=programme.channel, transport=programme.transport,
        made_by=by, payer_account=settings.PAYER_ACCOUNT, payer_name=settings.PAYER_NAME,
        summary=programme.summary,
    )  # fmt: skip
    batch.save(force_insert=True)
    return batch


def _next_number(day: date) -> str:
    with connection.cursor() as cursor:  # one list at a time gets the day's next number
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER_LOCK])
    stem = f"PB{day:%Y%m%d}"
    taken = PayoutBatch.objects.filter(number__startswith=stem).values_list("number", flat=True)
    last = max((int(number[len(stem) :]) for number in taken), default=0)
    return f"{stem}{last + 1:03d}"


def place_of(batch: PayoutBatch) -> Place | None:
    """Return behind whom the list goes on: the last one on it."""
    last = batch.lines.order_by("-seq").values_list("entitlement__qualified_on", "entitlement_id")
    return last.first()


@transaction.atomic
def add_some(batch: PayoutBatch, place: Place | None) -> tuple[int, Place | None]:
    """Look at the next rights in turn and add those that can be paid; a handful of statements.

    Return how many were added and where it goes on; None when everybody was looked at.
    """
    locked = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if locked.state != BatchState.BUILDING:
        return 0, None
    found = _next_rights(locked, place)
    if not found:
        return 0, None
    payees = list(_payees(locked, [pk for pk, _day in found]))
    _write(locked, payees)
    return len(payees), (found[-1][1], found[-1][0])


def _next_rights(batch: PayoutBatch, place: Place | None) -> list[tuple[UUID, date]]:
    """Lock the next rights that no other maker is putting on a list at this moment."""
    rows = Entitlement.objects.filter(
        programme=batch.programme_id, cycle=batch.cycle_id, state=EntitlementState.RESERVED
    )
    if place is not None:
        day, pk = place
        rows = rows.filter(Q(qualified_on__gt=day) | Q(qualified_on=day, pk__gt=pk))
        rows = rows.filter(qualified_on__gte=day)
    chosen = rows.in_turn().select_for_update(of=("self",), skip_locked=True)
    return list(chosen.values_list("pk", "qualified_on")[:CHUNK])


def _payees(batch: PayoutBatch, ids: list[UUID]) -> Iterator[Payee]:
    channel = channels.get(batch.channel)
    failed = Count("lines", filter=Q(lines__state__in=[LineState.FAILED, LineState.RETURNED]))
    mine = Entitlement.objects.filter(cycle=OuterRef("cycle"), person=OuterRef("person"))
    tries = Subquery(mine.order_by().values("person").annotate(n=failed).values("n"))
    rows: list[tuple[Any, ...]] = list(
        payable(batch.programme)
        .filter(pk__in=ids)
        .annotate(tries=tries)
        .values_list("pk", "amount_fen", "person__id_type", "person__id_number", "tries",
                     "account_id")
    )  # fmt: skip
    accounts = PayeeAccount.objects.defer("number").in_bulk({row[-1] for row in rows})
    for pk, fen, id_type, id_number, tried, account_id in rows:
        account = accounts[account_id]
        if not channel.obstacle(account, fen):
            yield Payee(pk, fen, id_type, id_number, tried + 1, account)


def _write(batch: PayoutBatch, payees: list[Payee]) -> None:
    """Send the lines by COPY and bring the list's sums along."""
    rows = list(_lines(batch, payees))  # before the copy: that has the connection
    with copying(COPY) as copy:
        for values in rows:
            copy.write_row(values)
    fen = sum(payee.amount_fen for payee in payees)
    PayoutBatch.objects.filter(pk=batch.pk).update(
        line_count=F("line_count") + len(payees), total_fen=F("total_fen") + fen
    )


def _lines(batch: PayoutBatch, payees: Iterable[Payee]) -> Iterator[tuple[Any, ...]]:
    for seq, payee in enumerate(payees, start=batch.line_count + 1):
        person = person_order_key(payee.id_type, payee.id_number)
        number = order_hmac(batch.programme.code, batch.cycle.code, person, payee.attempt)
        yield (
            new_id(), batch.pk, payee.right_id, seq, payee.attempt, number, payee.amount_fen,
            payee.account.pk, payee.account.number_index, payee.account.holder_name, *CONSTANTS,
        )  # fmt: skip


@transaction.atomic
def complete(batch: PayoutBatch, *, by: User | ServiceActor) -> PayoutBatch:
    """Hand a whole list to its maker as a draft; raise `Refused` when nobody is on it."""
    locked = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if locked.state != BatchState.BUILDING:
        return locked
    if not locked.line_count:
        raise nobody_payable()
    count_anew(PayoutLine, locked.line_count)
    limit = locked.programme.second_approval_fen
    needs_second = limit is not None and locked.total_fen >= limit
    return move(locked, "make", by=by, needs_second=needs_second)
