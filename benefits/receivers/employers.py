"""Two records of one employer have one right in a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from benefits import merging
from members.models import Employer
from members.signals import employers_merging

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@receiver(employers_merging, dispatch_uid="benefits.employers_merging")
def on_employers_merging(
    sender: Any, keep: Employer, double: Employer, by: User | ServiceActor, **kwargs: Any
) -> None:
    merging.settle_employers(keep, double, by)
