"""One-time codes by SMS: six digits, five minutes, five tries, one use, one session."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from unionportal.core.actors import WORKER_SELF
from unionportal.core.crypto import blind_index
from unionportal.core.messaging import outbox
from unionportal.core.models.messaging import VerificationCode

LIFETIME = timedelta(minutes=5)


def _digest(code: str, purpose: str, session_key: str) -> UUID:
    return blind_index(f"{code}|{purpose}|{session_key}", "code")


@transaction.atomic
def issue(*, purpose: str, subject_key: UUID, session_key: str, phone: str) -> None:
    """Make a code for `subject_key` in this session and text it to `phone`.

    With an empty `phone` (nobody known) the same rows are written and no text goes out.
    """
    code = f"{secrets.randbelow(1_000_000):06d}"
    VerificationCode.objects.create(
        purpose=purpose,
        subject_key=subject_key,
        session_key=session_key,
        digest=_digest(code, purpose, session_key),
        expires_at=timezone.now() + LIFETIME,
        tries_left=5,
    )
    body = _("%(code)s is your code for the union portal, valid for 5 minutes. Give it to nobody.")
    outbox.queue(by=WORKER_SELF, purpose=purpose, phone=phone, body=body % {"code": code})


def check(*, purpose: str, subject_key: UUID, session_key: str, code: str) -> bool:
    """Say whether `code` is the newest one for this subject, purpose and session, and use it up."""
    row = (
        VerificationCode.objects.filter(
            purpose=purpose, subject_key=subject_key, session_key=session_key
        )
        .order_by("-created_at", "-id")
        .first()
    )
    if row is None:
        return False
    spent = VerificationCode.objects.filter(
        pk=row.pk, tries_left__gt=0, used_at__isnull=True, expires_at__gt=timezone.now()
    ).update(tries_left=F("tries_left") - 1)
    if not spent:
        return False
    digest = _digest(code.strip(), purpose, session_key)
    if not hmac.compare_digest(digest.bytes, row.digest.bytes):
        return False
    return bool(
        VerificationCode.objects.filter(pk=row.pk, used_at__isnull=True).update(
            used_at=timezone.now()
        )
    )
