"""The outbox: an action commits the row, a worker claims it and hands it to the gateway."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from unionportal.core import crypto, limits
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import TooMany
from unionportal.core.messaging.gateways import Rejected, gateway
from unionportal.core.models.messaging import MessageState, OutboxMessage
from unionportal.core.transitions import move
from unionportal.core.wake import wake

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

logger = logging.getLogger(__name__)

# security.md section 2 row 3
PER_MINUTE = limits.Limit("sms-minute", 1, 60)
PER_HOUR = limits.Limit("sms-hour", 5, 3600)
PER_DAY = limits.Limit("sms-day", 10, 86_400)
ALL_DAY = limits.Limit("sms-all-day", 20_000, 86_400)
NOBODY = limits.Limit("sms-nobody", 20_000, 86_400)


def may_text(phone: str) -> bool:
    """Count one code for `phone` against the limits; False when one of them is used up."""
    return all(limits.take(limit, phone) for limit in (PER_MINUTE, PER_HOUR, PER_DAY))


def phone_index_of(phone: str) -> UUID:
    return crypto.blind_index(phone, "phone")


@transaction.atomic
def queue(*, by: User | ServiceActor, purpose: str, phone: str, body: str) -> OutboxMessage:
    """Queue a text for `phone`; raises `TooMany` when the day's total cap is reached.

    With an empty `phone` the same work is done, and the row is discarded: who asks about an
    unknown person must not learn it from the clock (security.md 2 row 1).
    """
    if not limits.take(ALL_DAY if phone else NOBODY, "all"):
        raise TooMany(_("No more text messages can be sent today. Tell the district office."))
    message = OutboxMessage.objects.create(
        purpose=purpose,
        phone=phone,
        phone_index=phone_index_of(phone),
        body=body,
        state=MessageState.QUEUED if phone else MessageState.DISCARDED,
    )
    wake("core.send_messages")
    return message


def send_waiting(limit: int = 200) -> int:
    """Send what waits; each row is claimed before it goes out. Return how many went."""
    sent = 0
    for message in _claim(limit):
        try:
            gateway().send(phone=message.phone, body=message.body, reference=message.pk.hex)
        except Rejected as reason:
            move(message, "fail", by=SYSTEM, error=str(reason)[:200])
        else:
            move(message, "sent", by=SYSTEM, sent_at=timezone.now())
            sent += 1
    return sent


@transaction.atomic
def _claim(limit: int) -> list[OutboxMessage]:
    rows = list(
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(state=MessageState.QUEUED)
        .order_by("id")[:limit]
    )
    OutboxMessage.objects.filter(pk__in=[row.pk for row in rows]).update(state=MessageState.SENDING)
    for row in rows:
        row.state = MessageState.SENDING
    return rows
