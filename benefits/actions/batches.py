"""Build a payout list, have another person approve and release it (domain.md 6.1, "Four eyes")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import channels, ledger
from benefits.actions import payout_files
from benefits.actions.rights import person_of
from benefits.ledger import Amount
from benefits.models import Entitlement, PayeeAccount, PayoutBatch, PayoutLine, Pot, TransferKind
from benefits.queries.payouts import lines_digest, next_cycle, payable
from benefits.states.payouts import BatchState, EntitlementState, LineState, ProgrammeState, Reason
from members.models.consents import Purpose
from members.queries.consents import refusers
from unionportal.core import audit
from unionportal.core.actors import SYSTEM
from unionportal.core.crypto import order_hmac, person_order_key
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all
from unionportal.core.wake import wake
from unionportal.core.workdays import DayKind, day_kind

if TYPE_CHECKING:
    from benefits.models import Cycle, Programme
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

NUMBER_LOCK = 0x50424E4F
Payee = tuple[Entitlement, PayeeAccount]
CHUNK = 2_000


@transaction.atomic
def build(*, by: User, programme: Programme) -> PayoutBatch:
    """Put everybody who can be paid now on a new draft list, in turn; return the list.

    One cycle a list, the oldest first, and at most as many as the channel takes at once; the rest
    goes on the next list. Raises `NotAllowed` without the maker's right and `Refused` when nobody
    can be paid.
    """
    person_of(by, Permission.MAKE_PAYOUT)
    if programme.state == ProgrammeState.DRAFT:
        raise Refused(_("Open the programme first."), code="not_open")
    cycle = next_cycle(programme)
    payees = _claim(programme, cycle) if cycle else []
    if not cycle or not payees:
        raise Refused(
            _("Nobody can be paid now. The programme's page says why."), code="nobody_payable"
        )
    batch = PayoutBatch(
        number=_next_number(timezone.localdate()), programme=programme,
        cycle=cycle, channel=programme.channel, transport=programme.transport,
        line_count=len(payees),
        total_fen=sum(right.amount_fen for right, _account in payees), made_by=by,
        payer_account=settings.PAYER_ACCOUNT, payer_name=settings.PAYER_NAME,
        summary=programme.summary,
    )  # fmt: skip
    limit = programme.second_approval_fen
    batch.needs_second = limit is not None and batch.total_fen >= limit
    batch.save(force_insert=True)
    lines = list(_lines(batch, payees))
    PayoutLine.objects.bulk_create(lines, batch_size=CHUNK)
    audit.record(by=by, verb="payout_batch.make", target=batch, to_state=batch.state,
                 data={"lines": batch.line_count, "fen": batch.total_fen})  # fmt: skip
    return batch


def _claim(programme: Programme, cycle: Cycle) -> list[Payee]:
    """Lock the payable rights that no other maker is putting on a list at this moment."""
    channel = channels.get(programme.channel)
    most = channel.most_lines
    mine = payable(programme).filter(cycle=cycle)
    ids = list(mine.values_list("pk", flat=True)[: most * 2])
    locked = Entitlement.objects.filter(pk__in=ids, state=EntitlementState.RESERVED)
    free = set(
        locked.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
    )
    # Read again under the lock: another list may have taken some a moment ago.
    rights = payable(programme).filter(pk__in=free)
    chosen = dict(rights.values_list("pk", "account_id"))  # type: ignore[misc]  # annotated
    accounts = PayeeAccount.objects.in_bulk(set(chosen.values()))
    pairs = [(right, accounts[chosen[right.pk]]) for right in rights.select_related("person")]
    return [
        (right, account)
        for right, account in pairs
        if not channel.obstacle(account, right.amount_fen)
    ][:most]


def _lines(batch: PayoutBatch, payees: list[Payee]) -> Iterator[PayoutLine]:
    failed = Count("lines", filter=Q(lines__state__in=[LineState.FAILED, LineState.RETURNED]))
    mine = Entitlement.objects.filter(cycle=OuterRef("cycle"), person=OuterRef("person"))
    tries = Subquery(mine.order_by().values("person").annotate(n=failed).values("n"))
    earlier = dict(
        Entitlement.objects.filter(pk__in=[right.pk for right, _account in payees])
        .annotate(tries=tries)
        .values_list("pk", "tries")
    )
    for seq, (right, account) in enumerate(payees, start=1):
        attempt = earlier[right.pk] + 1
        if right.person is None:
            raise LookupError("only people have accounts")
        person = person_order_key(right.person.id_type, right.person.id_number)
        yield PayoutLine(
            id=new_id(), batch=batch, entitlement=right, seq=seq, attempt=attempt,
            order_no=order_hmac(batch.programme.code, batch.cycle.code, person, attempt),
            amount_fen=right.amount_fen, payee_account=account,
            number_index=account.number_index, holder_name=account.holder_name,
        )  # fmt: skip


def _next_number(day: date) -> str:
    with connection.cursor() as cursor:  # one list at a time gets the day's next number
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER_LOCK])
    stem = f"PB{day:%Y%m%d}"
    taken = PayoutBatch.objects.filter(number__startswith=stem).values_list("number", flat=True)
    last = max((int(number[len(stem) :]) for number in taken), default=0)
    return f"{stem}{last + 1:03d}"


@transaction.atomic
def submit(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Hand a draft to the checker. Raises `NotAllowed`, `Stale`."""
    key = person_of(by, Permission.MAKE_PAYOUT)
    return move(batch, "submit", by=by, submitted_by=by, submitted_key=key,
                submitted_at=timezone.now())  # fmt: skip


@transaction.atomic
def approve(*, by: User, batch: PayoutBatch, version: str = "") -> PayoutBatch:
    """Approve a submitted list as another person, binding its lines by their digest.

    `version` is the digest the checker was shown. A list that needs two checkers waits for the
    second. Notice days that are none pass at once. Raises `NotAllowed` for the maker's person and
    for the same checker twice, `Stale` when the list changed.
    """
    key = person_of(by, Permission.CHECK_PAYOUT)
    locked = _locked(batch, BatchState.SUBMITTED)
    _refuse_same_person(key, locked)
    digest = lines_digest(locked)
    if version and version != digest:
        raise Stale(_("The list changed since you opened it. Look again."), code="stale")
    now = timezone.now()
    if locked.approved_by_id is None:
        first: dict[str, Any] = {"approved_by": by, "approved_key": key, "approved_at": now,
                                 "lines_digest": digest}  # fmt: skip
        if locked.needs_second:
            return move(batch, "check_first", by=by, **first)
        move(batch, "approve", by=by, **first)
    else:
        move(batch, "approve", by=by, second_by=by, second_key=key, second_at=now)
    move_all(batch.lines.filter(state=LineState.PLANNED), "approve", by=by)
    _start_notice(batch)
    return batch


def _locked(batch: PayoutBatch, *states: str) -> PayoutBatch:
    locked = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if locked.state not in states:
        raise Stale(
            _("This changed in the meantime: it is now “%(state)s”. Look again before you act.")
            % {"state": locked.get_state_display()},
            code="stale",
        )
    return locked


def _refuse_same_person(key: UUID, batch: PayoutBatch) -> None:
    if key == batch.submitted_key:
        raise NotAllowed(
            _("You made this list. Another person must approve and release it."), code="own_batch"
        )
    if key == batch.approved_key:
        raise NotAllowed(
            _("You approved this list already. It needs a second checker."), code="same_checker"
        )


def _start_notice(batch: PayoutBatch) -> None:
    until = notice_end(timezone.localdate(), batch.programme.notice_days)
    move(batch, "open_notice", by=SYSTEM, notice_until=until)
    if batch.programme.notice_days == 0:
        move(batch, "close_notice", by=SYSTEM)


def notice_end(start: date, working_days: int) -> date:
    """Return the day after `working_days` whole working days of notice that begin after `start`."""
    day = start
    while working_days:
        day += timedelta(days=1)
        working_days -= day_kind(day).kind == DayKind.WORKDAY
    return day


def close_due_notices() -> int:
    """End the notices whose last day is over; return how many."""
    due = PayoutBatch.objects.filter(
        state=BatchState.NOTICE_OPEN, notice_until__lt=timezone.localdate()
    )
    return len(move_all(due, "close_notice", by=SYSTEM))


@transaction.atomic
def release(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Send an approved list to the bank: lines and order numbers are committed before any byte.

    Lines that may no longer be paid are left out with a reason. Raises `NotAllowed` for the
    maker's person, `Stale` when it is not ready, `Refused` when its lines are not the approved ones
    or none is left.
    """
    key = person_of(by, Permission.CHECK_PAYOUT)
    locked = _locked(batch, BatchState.NOTICE_CLOSED)
    if key == locked.submitted_key:
        _refuse_same_person(key, locked)
    payout_files.require_bound(locked)
    _drop_unpayable(locked, by)
    now = timezone.now()
    move(batch, "release", by=by, released_by=by, released_at=now)
    going = batch.lines.filter(state=LineState.APPROVED)
    columns = going.values_list("amount_fen", "entitlement_id", "pk")
    sums = [Amount(*row) for row in columns]
    if not sums:
        raise Refused(_("Nobody on this list can be paid any more. Cancel it."), code="empty_list")
    move_all(going, "send", by=by, sending_at=now)
    rights = Entitlement.objects.filter(lines__in=[item.line_id for item in sums if item.line_id])
    move_all(rights, "release", by=by)
    ledger.shift(
        batch.programme.budget_id, TransferKind.SEND, Pot.RESERVED, Pot.IN_FLIGHT, sums,
        channel=batch.channel,
    )  # fmt: skip
    channels.get(batch.channel).queue(batch, by=by)
    wake("benefits.send_batches")
    return batch


def _drop_unpayable(batch: PayoutBatch, by: User) -> None:
    usable = PayeeAccount.objects.usable().filter(pk=OuterRef("payee_account"))
    same = usable.filter(number_index=OuterRef("number_index"))
    lines = batch.lines.filter(state=LineState.APPROVED)
    changed = lines.filter(~Exists(same))
    _drop(changed, Reason.ACCOUNT_CHANGED, by)
    gone = lines.exclude(entitlement__state=EntitlementState.RESERVED, entitlement__review="")
    _drop(gone, Reason.NOT_PAYABLE, by)
    refused = lines.filter(entitlement__person__in=refusers(Purpose.PAYOUT))
    _drop(refused, Reason.NOT_PAYABLE, by)


def _drop(lines: QuerySet[PayoutLine], why: Reason, by: User | ServiceActor) -> None:
    """Leave lines out with a reason; the digest still covers them, so the list stays bound."""
    chosen = PayoutLine.objects.filter(pk__in=list(lines.values_list("pk", flat=True)))
    chosen.update(reason=why)
    move_all(chosen, "drop", by=by, reason=why)


@transaction.atomic
def reject(*, by: User, batch: PayoutBatch, reason: str) -> PayoutBatch:
    """Refuse a list with a reason; its people can go on another. Raises `NotAllowed`, `Stale`."""
    person_of(by, Permission.CHECK_PAYOUT)
    return _stop(batch, "reject", by, reason)


@transaction.atomic
def cancel(*, by: User, batch: PayoutBatch, reason: str) -> PayoutBatch:
    """Take a list back before its release, with a reason. Raises `NotAllowed`, `Stale`."""
    person_of(by, Permission.MAKE_PAYOUT)
    return _stop(batch, "cancel", by, reason)


def _stop(batch: PayoutBatch, verb: str, by: User | ServiceActor, reason: str) -> PayoutBatch:
    move(batch, verb, by=by, reason=reason, stop_reason=reason[:200])
    waiting = batch.lines.filter(state__in=[LineState.PLANNED, LineState.APPROVED])
    _drop(waiting, Reason.BATCH_STOPPED, by)
    return batch
