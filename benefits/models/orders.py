"""Orders: lines that are sent one by one to a channel that can be asked about each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from benefits.models.payouts import PayoutLine
from benefits.states.orders import OrderStep
from unionportal.core.fields import EncryptedTextField


class PayoutOrder(models.Model):
    """What the relay has to do next about a line, and what it last heard; the row is the queue.

    `tried_at` is committed before the first byte leaves: from then on the channel may have it.
    """

    line = models.OneToOneField(
        PayoutLine, primary_key=True, on_delete=models.PROTECT, related_name="order"
    )
    step = models.CharField(max_length=6, choices=OrderStep, default=OrderStep.SEND)
    # When the relay acts next; empty when nothing is left to do.
    due_at = models.DateTimeField(null=True, db_default=Now())
    # The relay that works on it, and until when nobody else may.
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    # Queries since the channel last said something new.
    polls = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)
    bill_no = models.CharField(max_length=64, blank=True, default="")
    channel_state = models.CharField(max_length=24, blank=True, default="")
    # What the member's WeChat needs to show the transfer.
    package = EncryptedTextField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="order_due", condition=Q(due_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                name="order_asked_was_tried",
                condition=Q(step="send") | Q(tried_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.line_id}"


class ChannelPace(models.Model):
    """When the next call of a kind may leave, for all relays together."""

    name = models.CharField(primary_key=True, max_length=30)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ChannelNotice(models.Model):
    """A channel's notice that passed every check; each event counts once."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.CharField(max_length=64, unique=True)
    order = models.ForeignKey(PayoutOrder, on_delete=models.PROTECT, related_name="notices")
    said_state = models.CharField(max_length=24)
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.event_id


class RefusedNotice(models.Model):
    """A notice that did not pass: why, and nothing of what it said."""

    id = models.BigAutoField(primary_key=True)
    reason = models.CharField(max_length=20)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.reason
