"""How a higher budget is agreed to."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

P = Permission


class BudgetChangeState(TextChoices):
    PROPOSED = "proposed", _("Waiting for a second person")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")


S = BudgetChangeState
BUDGET_CHANGE_MACHINE = Machine(
    name="budget_change",
    steps=(
        Step("confirm", (S.PROPOSED,), S.CONFIRMED, P.CHECK_PAYOUT),
        Step("decline", (S.PROPOSED,), S.DECLINED, P.CHECK_PAYOUT, needs_reason=True),
    ),
)
