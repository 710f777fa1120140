"""Ask for a card when a membership begins; drop the request when it ends before it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from benefits.actions import cards
from members.models import Membership
from members.signals import membership_activated, membership_closed

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@receiver(membership_activated, dispatch_uid="cards.membership_activated")
def on_membership_activated(
    sender: Any, memberships: list[Membership], by: User | ServiceActor, **kwargs: Any
) -> None:
    cards.take_over(memberships, by=by)
    cards.request_for(memberships, by=by)


@receiver(membership_closed, dispatch_uid="cards.membership_closed")
def on_membership_closed(
    sender: Any, membership: Membership, by: User | ServiceActor, **kwargs: Any
) -> None:
    cards.drop_requests(membership=membership, by=by)
