"""The figures of subsidies."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from benefits.models import Entitlement
from benefits.states.payouts import EntitlementState
from unionportal.core.figures import Figure, FigureValue, register
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def _people_paid(user: AnyUser, as_of: date) -> FigureValue:
    rights = Entitlement.objects.visible_to(user).exclude(state=EntitlementState.VOID)
    paid = rights.filter(state__in=[EntitlementState.PAID, EntitlementState.OVERPAID])
    return FigureValue(paid.count(), as_of, denominator=rights.count())


register(
    Figure(
        id="subsidies-paid",
        title=_("Subsidies paid"),
        definition=_(
            "Entitlements the bank reported as paid, as they stand now. Base: entitlements of all "
            "programmes that are not void."
        ),
        permission=Permission.VIEW_MONEY,
        compute=_people_paid,
        unit=_("people"),
        order=80,
    )
)
