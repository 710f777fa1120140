"""Messages to people: an outbox row first, then a gateway; and one-time codes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.transitions import Machine, Step


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Addressed to nobody")


class OutboxMessage(models.Model):
    """One text message. An attempt whose outcome is unknown is not sent again (codes expire).

    A discarded row never goes out: with it an unknown asker costs what a known one does.
    """

    machine = Machine(
        name="message",
        steps=(
            Step("claim", (MessageState.QUEUED,), MessageState.SENDING),
            Step("sent", (MessageState.SENDING,), MessageState.SENT),
            Step("fail", (MessageState.SENDING, MessageState.QUEUED), MessageState.FAILED),
        ),
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=40)
    phone = EncryptedTextField()
    phone_index = models.UUIDField(db_index=True)
    body = EncryptedTextField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="message_queue", condition=Q(state="queued")),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_sent_has_time",
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose}:{self.id}"


class VerificationCode(models.Model):
    """A six-digit code bound to purpose, subject and session; five tries, five minutes, one use."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=40)
    subject_key = models.UUIDField()
    session_key = models.CharField(max_length=64)
    digest = models.UUIDField()
    tries_left = models.PositiveSmallIntegerField(default=5)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["purpose", "subject_key", "session_key", "-created_at"], name="code_lookup"
            )
        ]
        constraints = [
            models.CheckConstraint(name="code_tries_bounded", condition=Q(tries_left__lte=5))
        ]

    def __str__(self) -> str:
        return f"{self.purpose}:{self.id}"
