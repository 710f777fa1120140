"""The figure of member cards."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from benefits.models import MemberCard
from benefits.states.cards import CardState
from members.models import Membership
from members.queries import quality
from unionportal.core.figures import Figure, FigureValue, register
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def _cards_activated(user: AnyUser, as_of: date) -> FigureValue:
    midnight = timezone.make_aware(datetime.combine(as_of + timedelta(days=1), time.min))
    members = Membership.objects.visible_to(user, Permission.VIEW_REPORTS).recorded()
    active = MemberCard.objects.filter(
        state=CardState.ACTIVATED, activated_at__lt=midnight, membership__in=members
    )
    return FigureValue(active.count(), as_of, denominator=quality.recorded_count(user))


register(
    Figure(
        id="cards-activated",
        title=_("Cards in use"),
        definition=_(
            "Recorded members whose card the bank reported as activated by the day; memberships as "
            "they stand now. Base: recorded members."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_cards_activated,
        unit=_("people"),
        order=70,
    )
)
