"""What hears of benefits inside this app and above. Sent inside the transaction of the action."""

from __future__ import annotations

from django.dispatch import Signal

# cards: list[MemberCard] (person and membership loaded), by: the actor; only on the first
# activation of each card
card_activated = Signal()
