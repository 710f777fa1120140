"""Open applications by union unit: who lets people wait, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, F, Min, Q
from django.utils import timezone

from members.models import Application
from members.states import OPEN_APPLICATION, ApplicationState

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

MOST_QUEUES = 200


@dataclass(frozen=True, slots=True)
class UnitQueue:
    """The open applications of one unit."""

    unit_id: UUID
    unit_name: str
    waiting: int
    returned: int
    oldest: datetime | None

    @property
    def days(self) -> int:
        """Whole days since the oldest waiting one was sent in."""
        return (timezone.now() - self.oldest).days if self.oldest else 0


def application_queues(user: AnyUser) -> list[UnitQueue]:
    """Return the units with open applications `user` may see, the longest waiting first.

    At most 200: whoever has more works through the top of them.
    """
    submitted = Q(state=ApplicationState.SUBMITTED)
    rows = (
        Application.objects.visible_to(user)
        .filter(state__in=OPEN_APPLICATION)
        .order_by()
        .values("unit_id", unit_name=F("unit__name"))
        .annotate(
            waiting=Count("pk", filter=submitted),
            returned=Count("pk", filter=Q(state=ApplicationState.RETURNED)),
            oldest=Min("submitted_at", filter=submitted),
        )
        .order_by(F("oldest").asc(nulls_last=True), "unit_id")
    )
    return [UnitQueue(**row) for row in rows[:MOST_QUEUES]]
