"""What the relay does next about an order."""

from __future__ import annotations

from django.db.models import TextChoices


class OrderStep(TextChoices):
    SEND = "send", "Send"
    QUERY = "query", "Ask"
