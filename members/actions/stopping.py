"""Whose data may only be stored and ended: the consent to membership was withdrawn (PIPL 47)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from members.models import Membership
from unionportal.core.errors import Refused


def stopped(membership: Membership) -> Refused:
    """Return the refusal of anything but ending and storing."""
    why = membership.person.get_stopped_reason_display()
    return Refused(
        _("Nothing may be changed: %(why)s. You can only end this membership.") % {"why": why},
        code="stopped",
    )


def refuse_stopped(membership: Membership) -> None:
    """Raise `Refused` (`stopped`) for anything but ending, while processing is stopped."""
    if membership.person.stopped_at:
        raise stopped(membership)
