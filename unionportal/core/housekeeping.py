"""Drop what has expired: limit windows, one-time codes, idempotency keys (domain.md section 5)."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from unionportal.core import files
from unionportal.core.models import IdempotencyKey, LimitBucket, OutboxMessage, VerificationCode


def drop_expired() -> dict[str, int]:
    """Delete expired rows and files; return how many of each."""
    now = timezone.now()
    day, month = now - timedelta(days=1), now - timedelta(days=30)
    half_year = now - timedelta(days=180)
    return {
        "limits": LimitBucket.objects.filter(expires_at__lt=now).delete()[0],
        "codes": VerificationCode.objects.filter(expires_at__lt=day).delete()[0],
        "keys": IdempotencyKey.objects.filter(created_at__lt=month).delete()[0],
        "messages": OutboxMessage.objects.filter(created_at__lt=half_year).delete()[0],
        "files": files.drop_expired(),
    }
