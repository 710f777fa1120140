"""Whether the actor may act for the units a write touches; views scope too, actions recheck."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from members.models import UnionUnit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import User
from unionportal.core.roles import Permission

MEMBER_WRITES = (Permission.ENROL, Permission.APPROVE_APPLICATION)
_NAMED = ("pk", "name", "is_external")


def require_units(
    by: User | ServiceActor, permission: Permission, unit_ids: Iterable[UUID]
) -> None:
    """Raise `NotAllowed` unless `by` holds `permission` on every unit; services always do.

    Nobody writes members of a unit whose own system keeps them (`Refused`, `unit_is_fed`).
    """
    if isinstance(by, ServiceActor):
        return
    wanted = set(unit_ids)
    rows = UnionUnit.objects.visible_to(by, permission).filter(pk__in=wanted)
    reached = {pk: name if is_fed else "" for pk, name, is_fed in rows.values_list(*_NAMED)}
    if set(reached) != wanted:
        raise NotAllowed(
            _("You cannot act for this union unit. Ask the office it belongs to."),
            code="unit_out_of_reach",
        )
    if permission in MEMBER_WRITES and any(reached.values()):
        raise fed(next(name for name in reached.values() if name))


def fed(unit: str) -> Refused:
    """Return the refusal of writing members that a head office's own system keeps."""
    return Refused(
        _("The members of “%(unit)s” are kept by its own system. Ask it to change them.")
        % {"unit": unit},
        code="unit_is_fed",
        field="unit",
    )
