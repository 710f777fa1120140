"""The public notice of an approved list: so many working days, and then it may be released."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from benefits.models import PayoutBatch
from benefits.states.payouts import BatchState, LineState
from unionportal.core.actors import SYSTEM
from unionportal.core.transitions import move, move_all
from unionportal.core.workdays import DayKind, day_kind

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@transaction.atomic
def start(batch: PayoutBatch, _by: User | ServiceActor) -> None:
    """Open the notice of a list whose lines are all approved; one of no days ends at once."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.state != BatchState.APPROVED or held.lines.filter(state=LineState.PLANNED).exists():
        return
    until = notice_end(timezone.localdate(), held.programme.notice_days)
    move(held, "open_notice", by=SYSTEM, notice_until=until)
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
    """End the notices whose last day is over; return how many."""
    due = PayoutBatch.objects.filter(
        state=BatchState.NOTICE_OPEN, notice_until__lt=timezone.localdate()
    )
    return len(move_all(due, "close_notice", by=SYSTEM))
