"""Show a masked value: an action with a reason, limited per day, logged, visible to the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from unionportal.core.errors import NotAllowed, Refused, TooMany
from unionportal.core.models import RevealEvent
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from unionportal.core.models import User

LOOKS_A_DAY = 20
# Papers are opened one by one while applications are decided: logged, not counted as looks.
FILE = "file"


def looks_left(user: User) -> int:
    """Return how many reveals `user` has left today (Asia/Shanghai)."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    used = RevealEvent.objects.filter(actor_id=user.pk, at__gte=midnight, row_count=1)
    return max(0, LOOKS_A_DAY - used.exclude(fields=[FILE]).count())


def reveal(target: models.Model, field: str, *, by: User, reason: str) -> str:
    """Return the full value of `field` on `target` and log who looked and why.

    `target` must come from `visible_to(by, Permission.REVEAL)`. Raises `NotAllowed` without the
    right, `Refused` without a reason, `TooMany` when today's looks are used up.
    """
    if not has_permission(by, Permission.REVEAL):
        raise NotAllowed(_("Your role does not show full numbers."))
    if len(reason.strip()) < 4:
        raise Refused(
            _("Write why you need the full number."), code="reason_needed", field="reason"
        )
    if not looks_left(by):
        raise TooMany(_("You have used all %(count)d looks of today.") % {"count": LOOKS_A_DAY})
    log(target, by=by, fields=[field], reason=reason)
    return str(getattr(target, field) or "")


def log(
    target: models.Model, *, by: User, fields: list[str], reason: str, row_count: int = 1
) -> RevealEvent:
    """Log that `by` took personal data out of `target` (`row_count` people)."""
    return RevealEvent.objects.create(
        actor_id=by.pk,
        actor_label=by.get_username(),
        target_type=type(target)._meta.label_lower,
        target_id=str(target.pk),
        fields=fields,
        row_count=row_count,
        reason=reason.strip()[:500],
    )
