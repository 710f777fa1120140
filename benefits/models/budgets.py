"""Budgets. A higher one is asked for by one person and agreed to by another.

The database holds to it for everybody: a total rises only in the transaction in which a change
from the old total to the new one was confirmed by a second person (`budget_rises_by_two`).
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import budget_agrees, budget_rises_by_two, keys_are_people
from benefits.states.budgets import BUDGET_CHANGE_MACHINE, BudgetChangeState
from benefits.states.payouts import moves_of
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


class Budget(models.Model):
    """A yearly amount. `reserved_fen` is promised and not yet paid, in flight included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=40, unique=True)
    total_fen = FenField(_("budget"))
    reserved_fen = FenField(default=0)
    paid_fen = FenField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="budget_never_exceeded",
                condition=Q(total_fen__gte=F("reserved_fen") + F("paid_fen")),
                violation_error_message=_("The budget does not reach."),
            ),
            models.CheckConstraint(
                name="budget_parts_not_negative",
                condition=Q(total_fen__gte=0, reserved_fen__gte=0, paid_fen__gte=0),
            ),
        ]
        triggers = [
            budget_agrees("budget_agrees_with_accounts", "id"),
            budget_rises_by_two(),
            pgtrigger.Protect(name="budget_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def used_fen(self) -> int:
        return int(self.reserved_fen + self.paid_fen)

    @property
    def free_fen(self) -> int:
        return int(self.total_fen - self.used_fen)

    @property
    def used_percent(self) -> float:
        return self.used_fen * 100 / self.total_fen if self.total_fen else 0.0


class BudgetChangeQuerySet(ScopedQuerySet["BudgetChange"]):
    """Budgets are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY

    def waiting(self) -> BudgetChangeQuerySet:
        """Those a second person has to decide about."""
        return self.filter(state=BudgetChangeState.PROPOSED)


class BudgetChange(models.Model):
    """A wish for a higher total, with its reason; `*_key` is the person behind the account."""

    machine = BUDGET_CHANGE_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="changes")
    from_fen = FenField(_("budget so far"))
    to_fen = FenField(_("budget asked for"))
    reason = models.CharField(_("reason"), max_length=200)
    state = models.CharField(
        _("state"), max_length=9, choices=BudgetChangeState, default=BudgetChangeState.PROPOSED
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_key = models.UUIDField(editable=False)
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_key = models.UUIDField(null=True, editable=False)
    # Set by the database: the transaction in which the total may rise.
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = BudgetChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="budget_change_one_open",
                fields=["budget"],
                condition=Q(state="proposed"),
                violation_error_message=_("A change of this budget waits for a second person."),
            ),
            models.CheckConstraint(
                name="budget_change_rises", condition=Q(to_fen__gt=F("from_fen"))
            ),
            models.CheckConstraint(name="budget_change_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="budget_change_decided_by_another",
                condition=Q(state="proposed", decided_by=None, decided_key=None, decided_at=None)
                | ~Q(state="proposed")
                & Q(decided_by__isnull=False, decided_key__isnull=False, decided_at__isnull=False)
                & (Q(state="declined") | ~Q(decided_key=F("proposed_key"))),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="budget_change_moves", field="state",
                transitions=moves_of(BUDGET_CHANGE_MACHINE),
            ),
            pgtrigger.Protect(
                name="budget_change_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "budget", "from_fen", "to_fen", "reason", "proposed_by", "proposed_key",
                    "proposed_at",
                ),
            ),
            pgtrigger.Protect(
                name="budget_change_decided_once",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state="proposed"),
            ),
            pgtrigger.Protect(name="budget_change_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="budget_change_begins_open",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="proposed"),
            ),
            keys_are_people("budget_change_keys", "proposed", "decided"),
            pgtrigger.Trigger(
                name="budget_change_decided_now",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state="proposed") & ~pgtrigger.Q(new__state="proposed"),
                func="NEW.decided_at := transaction_timestamp(); RETURN NEW;",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.from_fen} → {self.to_fen}"
