"""What drives hear from the members app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from members.models import Application, Area
from members.signals import application_submitted, areas_ended
from outreach import actions, following
from unionportal.core.actors import ServiceActor
from unionportal.core.models import User


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


@receiver(areas_ended)
def follow_areas(
    sender: type[Area], heirs: dict[UUID, Area], by: User | ServiceActor, **kwargs: Any
) -> None:
    """Let drives and patches go on in what their areas became."""
    following.follow_areas(by=by, heirs=heirs)
