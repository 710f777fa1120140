"""Set a budget's total: lower at once, higher by two people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from benefits import ledger
from benefits.actions import entitlements
from benefits.actions.rights import person_of, require
from benefits.models import Budget, BudgetChange, Programme
from unionportal.core import audit
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@transaction.atomic
def lower(*, by: User | ServiceActor, programme: Programme, total_fen: int) -> None:
    """Set a lower total at once.

    Raises `Refused` when more than that is reserved or paid already, or when it is not lower.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    before = ledger.lower_total(programme.budget, total_fen)
    audit.record(by=by, verb="programme.lower_budget", target=programme,
                 data={"from_fen": before, "budget_fen": total_fen})  # fmt: skip
    programme.budget.refresh_from_db()


@transaction.atomic
def propose(*, by: User, programme: Programme, total_fen: int, reason: str) -> BudgetChange:
    """Ask for a higher total; it changes when another person agrees.

    Raises `NotAllowed`, `Refused` without a reason, for a total that is not higher, or while
    another change of this budget waits.
    """
    key = person_of(by, Permission.MANAGE_PROGRAMMES)
    budget = Budget.objects.select_for_update().get(pk=programme.budget_id)
    if total_fen <= budget.total_fen:
        raise Refused(_("That is not more than the budget has."), code="budget", field="budget")
    if len(reason.strip()) < 4:
        raise Refused(
            _("Write why more is needed: the second person decides by it."),
            code="reason_needed", field="reason",
        )  # fmt: skip
    try:
        with transaction.atomic():
            change = BudgetChange.objects.create(
                budget=budget, from_fen=budget.total_fen, to_fen=total_fen,
                reason=reason.strip()[:200], proposed_by=by, proposed_key=key,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("A change of this budget waits for a second person already."), code="one_waits"
        ) from error
    audit.record(by=by, verb="budget_change.propose", target=change, reason=change.reason,
                 data={"programme": str(programme.pk), "from_fen": change.from_fen,
                       "budget_fen": total_fen})  # fmt: skip
    return change


@transaction.atomic
def confirm(*, by: User, change: BudgetChange) -> int:
    """Agree, as another person: the total rises, the waiting are served; return how many.

    Raises `NotAllowed`, `Stale` when the total or the change is another one by now.
    """
    agree(by=by, change=change)
    return entitlements.promote_waiting(change.budget.programme, by=by)


@transaction.atomic
def agree(*, by: User, change: BudgetChange) -> None:
    """Raise the total as `confirm` does, and leave the waiting to the next look at them."""
    key = _second(by, change)
    budget = Budget.objects.select_for_update().get(pk=change.budget_id)
    if budget.total_fen != change.from_fen:
        raise Stale(
            _("The budget is another one by now. Decline this, and ask anew."), code="stale"
        )
    move(change, "confirm", by=by, decided_by=by, decided_key=key, decided_at=Now())
    change.refresh_from_db()
    ledger.raise_total(change)


@transaction.atomic
def decline(*, by: User, change: BudgetChange, reason: str) -> BudgetChange:
    """Refuse a higher total, with a reason. Raises `NotAllowed`, `Refused`, `Stale`."""
    key = _second(by, change)
    move(change, "decline", by=by, reason=reason, decided_by=by, decided_key=key, decided_at=Now())
    change.refresh_from_db()
    return change


def _second(by: User, change: BudgetChange) -> UUID:
    key = person_of(by, Permission.CHECK_PAYOUT)
    if key == change.proposed_key:
        raise NotAllowed(_("You asked for this. Another person must decide."), code="own")
    return key
