"""What service points hear from the members app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from members.models import Area
from members.signals import areas_ended
from stations.models import ServicePoint
from stations.states import PointState


@receiver(areas_ended)
def follow_area(sender: type[Area], heirs: dict[UUID, Area], **kwargs: Any) -> None:
    """Let points that are not closed go on in what their area became."""
    for old, new in heirs.items():
        rows = ServicePoint.objects.filter(area_id=old).exclude(state=PointState.CLOSED)
        rows.update(area=new)
