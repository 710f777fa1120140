"""An open transfer follows its membership: moved by other means, or ended."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from members.models import Membership
from members.signals import membership_changed, membership_closed
from members.transfers import actions
from members.transfers.states import TransferState
from unionportal.core.actors import SYSTEM


@receiver(membership_closed)
def close_transfer(sender: type[Membership], membership: Membership, **_more: Any) -> None:
    """Take the open transfer back: there is nothing to move any more."""
    found = actions.open_of(membership)
    if found is not None:
        actions.withdraw(by=SYSTEM, transfer=found, tell=False)


@receiver(membership_changed)
def follow_unit(sender: type[Membership], membership: Membership, **_more: Any) -> None:
    """Let the union that has the member now answer; nothing is left to ask when it is the new."""
    found = actions.open_of(membership)
    if found is None or found.from_unit_id == membership.unit_id:
        return
    if found.to_unit_id == membership.unit_id or found.state == TransferState.ACCEPTED:
        actions.withdraw(by=SYSTEM, transfer=found, tell=False)
    else:
        found.from_unit_id = membership.unit_id
        found.save(update_fields=["from_unit"])
