"""Follow a register that was loaded or taken back, in a job: too many members for a signal each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.dispatch import receiver

from benefits.models import MemberCard
from benefits.states.cards import CardState
from members.models import ImportBatch, Membership
from members.signals import annulment_asked, memberships_loaded, memberships_unloaded
from unionportal.core import jobs

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

FOLLOW = "benefits.follow_import"
# A card that only waits to be asked for, or was never made, keeps nobody from being annulled.
HARMLESS = (CardState.REQUESTED, CardState.REJECTED, CardState.CLOSED)


@receiver([memberships_loaded, memberships_unloaded], dispatch_uid="benefits.follow_import")
def on_import(sender: Any, batch: ImportBatch, by: User | ServiceActor, **kwargs: Any) -> None:
    jobs.start(
        kind=FOLLOW,
        by=by,
        subject_id=batch.pk,
        total=batch.counts["written"],
        result_url=batch.get_absolute_url(),
    )


@receiver(annulment_asked, dispatch_uid="benefits.annulment_asked")
def on_annulment_asked(
    sender: Any, memberships: list[Membership], **kwargs: Any
) -> dict[UUID, str]:
    """Object where a card has gone to the bank: its account and payments hang on the membership."""
    cards = MemberCard.objects.filter(membership__in=memberships).exclude(state__in=HARMLESS)
    return dict.fromkeys(cards.values_list("membership_id", flat=True), "card_since")
