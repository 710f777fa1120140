"""Drop what has expired: limits, keys, files by the hour; codes and messages by their term."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from unionportal.core import files, retention
from unionportal.core.models import (
    Attachment,
    IdempotencyKey,
    LimitBucket,
    OutboxMessage,
    VerificationCode,
)
from unionportal.core.retention import Topic

HALF_YEAR = 180
# Kinds of stored files that only carry data from one place to another.
EXPORT_KINDS = ("export", "import_results")


def drop_expired() -> dict[str, int]:
    """Delete what ran out by the hour; return how many of each."""
    now = timezone.now()
    month = now - timedelta(days=30)
    return {
        "limits": LimitBucket.objects.filter(expires_at__lt=now).delete()[0],
        "keys": IdempotencyKey.objects.filter(created_at__lt=month).delete()[0],
        "files": files.drop_expired(),
    }


def _codes(cutoff: datetime) -> QuerySet[VerificationCode]:
    return VerificationCode.objects.filter(expires_at__lt=cutoff)


def _messages(cutoff: datetime) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(created_at__lt=cutoff)


def _exports(cutoff: datetime) -> QuerySet[Attachment]:
    return Attachment.objects.filter(
        kind__in=EXPORT_KINDS, created_at__lt=cutoff, dropped_at__isnull=True
    )


retention.register(
    Topic(
        code="codes", label=_("One-time codes"), default_days=1,
        words=_("Deleted after they ran out."),
        due=lambda cutoff: _codes(cutoff).count(),
        drop=lambda cutoff: _codes(cutoff).delete()[0],
    )
)  # fmt: skip
retention.register(
    Topic(
        code="messages", label=_("Text messages"), default_days=HALF_YEAR, minimum_days=HALF_YEAR,
        words=_("The log of what was sent to whom is deleted. The law asks for half a year."),
        due=lambda cutoff: _messages(cutoff).count(),
        drop=lambda cutoff: _messages(cutoff).delete()[0],
    )
)  # fmt: skip
retention.register(
    Topic(
        code="exports", label=_("Exported files"), default_days=7,
        words=_("The file is destroyed; that it was made stays in the log."),
        due=lambda cutoff: _exports(cutoff).count(),
        drop=lambda cutoff: files.drop(_exports(cutoff)),
    )
)  # fmt: skip
