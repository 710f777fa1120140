"""Who waits in a holding pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch

from members.models import Membership, Person, UnionUnit
from members.states import OPEN_MEMBERSHIP, UnitKind

if TYPE_CHECKING:
    from members.models.people import MembershipQuerySet
    from unionportal.core.scope import AnyUser


def in_pool(user: AnyUser) -> MembershipQuerySet:
    """Return the open memberships in pools `user` may see; without the encrypted columns."""
    pools = UnionUnit.objects.filter(kind=UnitKind.HOLDING_POOL).order_by().values("id")
    rows = Membership.objects.visible_to(user).filter(
        unit_id__in=pools, state__in=OPEN_MEMBERSHIP, person__stopped_at__isnull=True
    )
    people = Person.objects.defer("id_number", "phone", "residence_text")
    return rows.select_related("unit", "group").prefetch_related(Prefetch("person", people))
