"""An open transfer follows its membership: moved by other means, ended, or not to be touched."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from members.models import Consent, Membership, Transfer
from members.models.consents import Purpose
from members.signals import (
    consent_withdrawn,
    membership_changed,
    membership_closed,
    memberships_moved,
)
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
    if found is not None:
        _follow(found, membership)


@receiver(memberships_moved)
def follow_units(sender: type[Membership], person_ids: list[UUID], **_more: Any) -> None:
    """Do the same for many who were moved at once; few of them have an open transfer."""
    rows = Transfer.objects.filter(membership__person_id__in=person_ids, closed_at=None)
    for found in rows.select_related("membership__unit", "membership__person", "to_unit"):
        _follow(found, found.membership)


@receiver(consent_withdrawn)
def stop_transfer(sender: type[Consent], consent: Consent, **_more: Any) -> None:
    """Take the open transfer back: without consent to membership nothing is passed on."""
    if consent.purpose != Purpose.MEMBERSHIP:
        return
    rows = Transfer.objects.filter(membership__person=consent.person_id, closed_at=None)
    for found in rows.select_related("membership__person"):
        actions.withdraw(by=SYSTEM, transfer=found, tell=False)


def _follow(found: Transfer, membership: Membership) -> None:
    if found.from_unit_id == membership.unit_id:
        return
    if found.to_unit_id == membership.unit_id or found.state == TransferState.ACCEPTED:
        actions.withdraw(by=SYSTEM, transfer=found, tell=False)
    else:
        found.from_unit_id = membership.unit_id
        found.save(update_fields=["from_unit"])
