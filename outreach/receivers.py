"""What drives hear from the members app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from members.models import Application
from members.signals import application_submitted
from outreach import actions


@receiver(application_submitted)
def count_for_drive(
    sender: type[Application],
    applications: list[Application],
    context: dict[str, str],
    **kwargs: Any,
) -> None:
    """Link new applications to the drive they came in through."""
    code = context.get("join_code")
    actions.link_applications(applications=applications, join_code_id=UUID(code) if code else None)
