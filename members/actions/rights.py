"""Whether the actor may act for the units a write touches; views scope too, actions recheck."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from members.models import UnionUnit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed
from unionportal.core.models import User
from unionportal.core.roles import Permission


def require_units(
    by: User | ServiceActor, permission: Permission, unit_ids: Iterable[UUID]
) -> None:
    """Raise `NotAllowed` unless `by` holds `permission` on every unit; services always do."""
    if isinstance(by, ServiceActor):
        return
    wanted = set(unit_ids)
    reached = UnionUnit.objects.visible_to(by, permission).filter(pk__in=wanted)
    if set(reached.values_list("pk", flat=True)) != wanted:
        raise NotAllowed(
            _("You cannot act for this union unit. Ask the office it belongs to."),
            code="unit_out_of_reach",
        )
