"""Hold units while members come to them or leave them, so that none is dissolved meanwhile.

Always the units first, in one order, then applications, people and memberships.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from members.models import UnionUnit
from members.states import UnitStatus
from unionportal.core.errors import Stale

# Django knows no FOR SHARE: many may write into a unit at once, only its end must wait.
_SHARE = "SELECT 1 FROM members_unionunit WHERE id = ANY(%s) ORDER BY id FOR SHARE"


def hold_units(ids: Collection[UUID]) -> dict[UUID, UnionUnit]:
    """Keep the units as they are until the transaction ends; return them as they are now."""
    wanted = set(ids)
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [list(wanted)])
    found: dict[UUID, UnionUnit] = UnionUnit.objects.filter(pk__in=wanted).in_bulk()
    return found


def hold_standing(ids: Collection[UUID]) -> dict[UUID, UnionUnit]:
    """Do the same; raise `Stale` (`unit_dissolved`) when one was dissolved meanwhile."""
    held = hold_units(ids)
    for unit in held.values():
        if unit.status == UnitStatus.DISSOLVED:
            raise Stale(
                _(
                    "“%(unit)s” was dissolved meanwhile; what waited there is with another union "
                    "now. Nothing was changed. Look again before you act."
                )
                % {"unit": unit.name},
                code="unit_dissolved",
            )
    return held


def hold_alone(ids: Collection[UUID]) -> None:
    """Keep everybody else from writing into the units until the transaction ends."""
    rows = UnionUnit.objects.filter(pk__in=set(ids)).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
