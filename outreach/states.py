"""States and transition table of a drive."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step


class DriveState(TextChoices):
    DRAFT = "draft", pgettext_lazy("state of a drive", "Being prepared")
    OPEN = "open", pgettext_lazy("state of a drive", "Running")
    CLOSED = "closed", pgettext_lazy("state of a drive", "Ended")


DRIVE_MACHINE = Machine(
    name="drive",
    steps=(
        Step("open", (DriveState.DRAFT,), DriveState.OPEN, Permission.MANAGE_DRIVES),
        Step("close", (DriveState.OPEN,), DriveState.CLOSED, Permission.MANAGE_DRIVES),
    ),
)


class KnownAs(TextChoices):
    """Why a self-join made no application; told to officers only."""

    MEMBER = "member", _("Already a member")
    APPLICANT = "applicant", _("Has an open application already")
