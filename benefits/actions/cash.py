"""Pay in cash: a pay list is taken, signed, brought back as a scan, and seen by two people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits.actions import payout_files
from benefits.actions.lines import NewEvidence, add_evidence, lock_lists, settle
from benefits.actions.rights import finance_person
from benefits.actions.sending import require_open
from benefits.models import (
    CashReceipt,
    CashReceiptLine,
    Entitlement,
    PayeeAccount,
    PayoutBatch,
    PayoutLine,
    Programme,
)
from benefits.states.cards import AccountKind, AccountSource, AccountState
from benefits.states.payouts import (
    SENT_BATCH,
    Channel,
    EntitlementState,
    EvidenceSource,
    LineState,
    Outcome,
    Reason,
)
from unionportal.core import audit, reveal
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.models import Attachment, User

CHUNK = 2_000
# A receipt tells of lines that are out, also of those nobody told of in time.
TELLABLE = (LineState.SENT, LineState.UNKNOWN)
SHOWN = 10


def open_accounts(programme: Programme, person_ids: Collection[UUID] | None = None) -> int:
    """Give everyone with a right to this cash an account without a number; return how many.

    It carries the name of the register. Who is called otherwise now gets another: a line with the
    old name is left out at the release. Safe to repeat.
    """
    rights = Entitlement.objects.filter(
        programme=programme, person__isnull=False,
        state__in=[EntitlementState.WAITLISTED, EntitlementState.RESERVED],
    )  # fmt: skip
    if person_ids is not None:
        rights = rights.filter(person__in=person_ids)
    mine = PayeeAccount.objects.filter(kind=AccountKind.CASH).exclude(state=AccountState.CLOSED)
    renamed = mine.filter(person__in=rights.values("person")).exclude(holder_name=F("person__name"))
    move_all(renamed, "close", by=SYSTEM, reason="name changed")
    missing = rights.filter(~Exists(mine.filter(person=OuterRef("person")))).order_by("person")
    count = 0
    while people := list(missing.values_list("person", "person__name").distinct()[:CHUNK]):
        PayeeAccount.objects.bulk_create(
            [_account(person, name) for person, name in people], ignore_conflicts=True
        )
        count += len(people)
    return count


def _account(person_id: UUID, name: str) -> PayeeAccount:
    return PayeeAccount(
        person_id=person_id, kind=AccountKind.CASH, number="", number_index=person_id,
        number_masked="", number_tail="", holder_name=name, source=AccountSource.REGISTER,
        state=AccountState.ACTIVE, usable_from=timezone.now(),
    )  # fmt: skip


@transaction.atomic
def take_pay_list(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Hand the pay list of a released batch to a maker or checker; logged as a reveal.

    The first time its lines are out from then on; later it is only printed again. Raises
    `NotAllowed`, and `Refused` when it is not released, not the approved list, or while sending is
    locked.
    """
    finance_person(by)
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.channel != Channel.CASH or held.state not in SENT_BATCH:
        raise Refused(_("This list is not released."), code="not_released")
    payout_files.require_bound(held)
    waiting = held.lines.filter(state=LineState.SENDING)
    if waiting.exists():
        require_open()
        move_all(waiting, "mark_sent", by=by, sent_at=timezone.now())
        payout_files.finish_release(held, by)
    reveal.log(held, by=by, fields=["holder_name"], reason="pay list", row_count=held.line_count)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def record(
    *,
    by: User,
    batch: PayoutBatch,
    paid_on: date,
    scan: Attachment,
    paid: Collection[int],
    unpaid: Collection[int],
) -> CashReceipt:
    """Record what a signed pay list shows, by line numbers, for a second person to confirm.

    Raises `NotAllowed`; `Refused` for a day out of place, a line told twice or not on the list, one
    that is not out, and one that waits in another receipt already.
    """
    key = finance_person(by)
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    _require_day(held, paid_on)
    lines = _lines_of(held, paid, unpaid)
    receipt = CashReceipt.objects.create(
        batch=held, paid_on=paid_on, scan=scan, recorded_by=by, recorded_key=key
    )
    try:
        with transaction.atomic():
            CashReceiptLine.objects.bulk_create(
                [CashReceiptLine(receipt=receipt, line=line, is_paid=line.seq in paid)
                 for line in lines]
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("A receipt with one of these lines waits for a second person."), code="one_waits"
        ) from error
    audit.record(by=by, verb="cash_receipt.record", target=receipt,
                 data={"batch": str(held.pk), "paid": len(paid), "left": len(unpaid)})  # fmt: skip
    return receipt


def _require_day(batch: PayoutBatch, paid_on: date) -> None:
    if batch.channel != Channel.CASH or batch.released_at is None:
        raise Refused(_("This list is not released."), code="not_released")
    if not timezone.localdate(batch.released_at) <= paid_on <= timezone.localdate():
        raise Refused(
            _("The day must be between the release and today."), code="day", field="paid_on"
        )


def _lines_of(
    batch: PayoutBatch, paid: Collection[int], unpaid: Collection[int]
) -> Sequence[PayoutLine]:
    """Return the lines of these numbers; raise `Refused` naming the first that do not fit."""
    if not paid and not unpaid:
        raise Refused(_("Name the lines that signed."), code="no_lines", field="paid")
    both = sorted(set(paid) & set(unpaid))
    if both:
        raise Refused(
            _("Told both ways: line %(lines)s.") % {"lines": _named(both)}, code="both",
            field="unpaid",
        )  # fmt: skip
    asked = {*paid, *unpaid}
    lines = list(batch.lines.filter(seq__in=asked).order_by("seq"))
    if missing := sorted(asked - {line.seq for line in lines}):
        raise Refused(
            _("Not on this list: line %(lines)s.") % {"lines": _named(missing)},
            code="not_on_list", field="paid",
        )  # fmt: skip
    if barred := [line.seq for line in lines if line.state not in TELLABLE]:
        raise Refused(
            _("Not out, or ended already: line %(lines)s.") % {"lines": _named(barred)},
            code="not_possible", field="paid",
        )  # fmt: skip
    return lines


def _named(numbers: Sequence[int]) -> str:
    more = ["…"] if len(numbers) > SHOWN else []
    return ", ".join([*map(str, numbers[:SHOWN]), *more])


@transaction.atomic
def confirm(*, by: User, receipt: CashReceipt) -> CashReceipt:
    """Confirm a receipt as another person; its lines end by it. Raises `NotAllowed`, `Stale`."""
    key = finance_person(by)
    told = dict(receipt.lines.values_list("line_id", "is_paid"))
    lock_lists(list(told))
    if key == receipt.recorded_key:
        raise NotAllowed(_("You recorded this. Another person must confirm it."), code="own")
    lines = list(PayoutLine.objects.filter(pk__in=told).select_for_update(of=("self",)))
    if any(line.state not in TELLABLE for line in lines):
        raise Stale(_("A line has ended meanwhile. Look again before you act."), code="stale")
    _decide(receipt, "confirm", by, key)
    add_evidence([_evidence(receipt, line, is_paid=told[line.pk]) for line in lines])
    settle(list(told), by=by)
    return receipt


@transaction.atomic
def decline(*, by: User, receipt: CashReceipt, reason: str) -> CashReceipt:
    """Refuse a receipt with a reason; its lines stay as they are. Raises `NotAllowed`, `Stale`."""
    return _decide(receipt, "decline", by, finance_person(by), reason)


def _decide(receipt: CashReceipt, verb: str, by: User, key: UUID, reason: str = "") -> CashReceipt:
    if verb == "decline" and key == receipt.recorded_key:
        raise NotAllowed(_("You recorded this. Another person must decide."), code="own")
    move(receipt, verb, by=by, reason=reason, decided_by=by, decided_key=key,
         decided_at=timezone.now())  # fmt: skip
    receipt.lines.update(is_open=False)
    return receipt


def _evidence(receipt: CashReceipt, line: PayoutLine, *, is_paid: bool) -> NewEvidence:
    outcome = Outcome.SUCCESS if is_paid else Outcome.FAILURE
    return NewEvidence(
        line_id=line.pk, source=EvidenceSource.RECEIPT, event_id=f"{receipt.pk} {line.seq}",
        outcome=outcome, told=(outcome, receipt.scan.sha256),
        reason=Reason.NONE if is_paid else Reason.NOT_FETCHED, receipt_id=receipt.pk,
    )  # fmt: skip
