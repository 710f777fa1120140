"""The pages of money in the desk's navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from benefits.models import PayoutBatch
from benefits.queries.books import changes_waiting
from benefits.queries.matching import differences_waiting
from benefits.states.payouts import BatchState
from unionportal.core.navigation import NavItem, register
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from unionportal.core.models import User


def batches_waiting(user: User) -> int:
    """Return how many batches wait for this person: to check and release, or to submit."""
    states: list[str] = []
    if has_permission(user, Permission.CHECK_PAYOUT):
        states += [BatchState.SUBMITTED, BatchState.NOTICE_CLOSED]
    if has_permission(user, Permission.MAKE_PAYOUT):
        states += [BatchState.DRAFT]
    return PayoutBatch.objects.visible_to(user).filter(state__in=states).count() if states else 0


WAITING = {
    "benefits:batch-list": _("payout batches wait for you"),
    "benefits:ledger": _("higher budgets wait for you to agree"),
    "benefits:match-list": _("differences wait for somebody"),
}


def register_pages() -> None:
    """Add programmes, batches and the books; the count is what waits for the reader."""
    pages = (
        (25, _("Money: what waits"), "benefits:money", None),
        (30, _("Programmes"), "benefits:programme-list", None),
        (40, _("Payout batches"), "benefits:batch-list", batches_waiting),
        (50, _("The books"), "benefits:ledger", changes_waiting),
        (55, _("Daily match"), "benefits:match-list", differences_waiting),
    )
    register(
        NavItem(
            section="services", order=35, label=_("Goods and points shop"),
            url_name="benefits:goods-list", permission=Permission.HAND_OUT,
        )
    )  # fmt: skip
    for order, label, url_name, count in pages:
        register(
            NavItem(
                section="services",
                order=order,
                label=label,
                url_name=url_name,
                permission=Permission.VIEW_MONEY,
                count=count,
                waiting=WAITING.get(url_name, ""),
            )  # fmt: skip
        )
