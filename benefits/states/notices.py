"""States of an objection to a public notice."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step


class ObjectionState(TextChoices):
    # The phone was not proven yet: it counts for nothing.
    UNCONFIRMED = "unconfirmed", _("Phone not confirmed")
    OPEN = "open", _("Waits for an answer")
    UPHELD = "upheld", _("Upheld")
    DISMISSED = "dismissed", _("Not upheld")


S = ObjectionState
OBJECTION_MACHINE = Machine(
    name="objection",
    steps=(
        Step("confirm", (S.UNCONFIRMED,), S.OPEN),
        Step("uphold", (S.OPEN,), S.UPHELD, Permission.MANAGE_PROGRAMMES),
        Step("dismiss", (S.OPEN,), S.DISMISSED, Permission.MANAGE_PROGRAMMES),
    ),
)
