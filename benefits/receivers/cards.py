"""Ask for a card when a membership begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from benefits.actions import cards
from members.models import Membership
from members.signals import membership_activated

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@receiver(membership_activated, dispatch_uid="cards.membership_activated")
def on_membership_activated(
    sender: Any, memberships: list[Membership], by: User | ServiceActor, **kwargs: Any
) -> None:
    cards.request_for(memberships, by=by)
