"""The public notice of an approved list: so many working days, and every objection answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits.actions import entitlements
from benefits.actions.rights import require
from benefits.models import Objection, PayoutBatch, PayoutLine
from benefits.states.notices import ObjectionState
from benefits.states.payouts import BatchState, LineState
from unionportal.core.actors import SYSTEM, WORKER_SELF
from unionportal.core.errors import Refused, Stale
from unionportal.core.masking import mask_phone
from unionportal.core.messaging import outbox
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all
from unionportal.core.workdays import DayKind, day_kind

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

SHORTEST, LONGEST, LONGEST_ANSWER = 10, 500, 200
# Objections whose phone nobody proved are forgotten after this.
UNPROVEN_FOR = timedelta(days=1)


@transaction.atomic
def start(batch: PayoutBatch, _by: User | ServiceActor) -> None:
    """Open the notice of a list whose lines are all approved; one of no days ends at once."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.state != BatchState.APPROVED or held.lines.filter(state=LineState.PLANNED).exists():
        return
    today = timezone.localdate()
    until = notice_end(today, held.programme.notice_days)
    move(held, "open_notice", by=SYSTEM, notice_from=today, notice_until=until)
    if held.programme.notice_days == 0:
        move(held, "close_notice", by=SYSTEM)


def notice_end(start: date, working_days: int) -> date:
    """Return the day after `working_days` whole working days of notice that begin after `start`."""
    day = start
    while working_days:
        day += timedelta(days=1)
        working_days -= day_kind(day).kind == DayKind.WORKDAY
    return day


def close_due() -> int:
    """End the notices whose last day is over and that nobody objects to; return how many."""
    open_one = Objection.objects.filter(batch=OuterRef("pk")).waiting()
    due = PayoutBatch.objects.filter(
        ~Exists(open_one), state=BatchState.NOTICE_OPEN, notice_until__lt=timezone.localdate()
    )
    Objection.objects.filter(
        state=ObjectionState.UNCONFIRMED, raised_at__lt=Now() - UNPROVEN_FOR
    ).delete()
    return len(move_all(due, "close_notice", by=SYSTEM))


@transaction.atomic
def object_to(*, batch: PayoutBatch, line: PayoutLine | None, text: str, phone: str) -> Objection:
    """Write down what somebody says against a list; it counts once the phone is proven.

    `phone` is a normalised mobile number. Raises `Refused` for a text that says too little or too
    much, `Stale` when the notice is over.
    """
    said = text.strip()
    if not SHORTEST <= len(said) <= LONGEST:
        raise Refused(
            _("Write between %(least)d and %(most)d characters: what is wrong, and why.")
            % {"least": SHORTEST, "most": LONGEST},
            code="text", field="text",
        )  # fmt: skip
    _require_on_notice(batch)
    return Objection.objects.create(
        batch=batch, line=line, text=said, phone=phone, phone_masked=mask_phone(phone)
    )


@transaction.atomic
def confirm(*, objection: Objection) -> Objection:
    """Open an objection whose phone was proven; its list waits for the answer. Raises `Stale`."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=objection.batch_id)
    _require_on_notice(held)
    return move(objection, "confirm", by=WORKER_SELF)


def _require_on_notice(batch: PayoutBatch) -> None:
    if batch.state != BatchState.NOTICE_OPEN:
        raise Stale(_("This notice is over. Call the union about it."), code="over")


@transaction.atomic
def dismiss(*, by: User, objection: Objection, answer: str) -> Objection:
    """Answer that the list stays as it is, with why; the objector is texted.

    Raises `NotAllowed`, `Refused` without an answer, `Stale` when it was answered.
    """
    return _decide("dismiss", by, objection, answer)


@transaction.atomic
def uphold(*, by: User, objection: Objection, answer: str) -> Objection:
    """Take the payment objected to off the list and end the right to it, with why.

    Its money serves the next in turn; the objector is texted. Raises as `dismiss` does, and
    `Refused` when it is about no line that can still be taken off.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    # One order for all: list, lines, rights, budget.
    PayoutBatch.objects.select_for_update(of=("self",)).get(pk=objection.batch_id)
    line = objection.line
    if line is None or line.state != LineState.APPROVED:
        raise Refused(
            _("No payment can be taken off for it. Reject the whole list, or answer why it stays."),
            code="no_line",
        )
    decided = _decide("uphold", by, objection, answer)
    entitlements.void_right(line.entitlement, by=by, reason="objection upheld")
    return decided


def _decide(verb: str, by: User, objection: Objection, answer: str) -> Objection:
    require(by, Permission.MANAGE_PROGRAMMES)
    said = answer.strip()
    if not 4 <= len(said) <= LONGEST_ANSWER:
        raise Refused(
            _("Write an answer of at most %(most)d characters; it is texted to who objected.")
            % {"most": LONGEST_ANSWER},
            code="answer", field="answer",
        )  # fmt: skip
    move(objection, verb, by=by, answer=said, decided_by=by, decided_at=timezone.now())
    body = _("Your objection to the public notice %(number)s was looked at: %(answer)s")
    words = {"number": objection.batch.number, "answer": said}
    outbox.queue(by=by, purpose="objection", phone=objection.phone, body=body % words)
    return objection
