"""Look at a person again when something that decides a benefit has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.dispatch import receiver

from benefits.actions import entitlements
from benefits.models import MemberCard
from benefits.signals import card_activated
from members.models import Membership
from members.signals import (
    membership_activated,
    membership_changed,
    membership_closed,
    memberships_moved,
)

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@receiver(card_activated, dispatch_uid="payouts.card_activated")
def on_card_activated(
    sender: Any, cards: list[MemberCard], by: User | ServiceActor, **kwargs: Any
) -> None:
    entitlements.evaluate_people({card.person_id for card in cards}, by=by)


@receiver(membership_activated, dispatch_uid="payouts.membership_activated")
def on_membership_activated(
    sender: Any, memberships: list[Membership], by: User | ServiceActor, **kwargs: Any
) -> None:
    entitlements.evaluate_people({one.person_id for one in memberships}, by=by)


@receiver([membership_changed, membership_closed], dispatch_uid="payouts.membership_changed")
def on_membership_changed(
    sender: Any, membership: Membership, by: User | ServiceActor, **kwargs: Any
) -> None:
    entitlements.evaluate_people({membership.person_id}, by=by)


@receiver(memberships_moved, dispatch_uid="payouts.memberships_moved")
def on_memberships_moved(
    sender: Any, person_ids: list[UUID], by: User | ServiceActor, **kwargs: Any
) -> None:
    entitlements.evaluate_people(set(person_ids), by=by)
