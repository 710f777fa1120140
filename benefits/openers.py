"""Who may look at the signature of a hand-out: whoever hands goods out there."""

from __future__ import annotations

from django.db.models import Model

from benefits.models import HandOut
from unionportal.core.models import Attachment, User


def owner(user: User, attachment: Attachment, to_look: bool) -> Model | None:
    """Return the hand-out `attachment` was signed for; it is looked at, never taken out."""
    if not to_look:
        return None
    return HandOut.objects.visible_to(user).filter(signature=attachment).first()
