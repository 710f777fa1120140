"""The rows a list starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch

from members.models import Membership, Person, UnionUnit
from members.models.people import MembershipQuerySet
from unionportal.core.roles import Permission
from unionportal.core.scope import scope_of

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

# A longer list of units costs more than the subquery it saves.
MOST_UNITS = 3_000


def members_in_reach(user: AnyUser, *, is_search: bool = False) -> MembershipQuerySet:
    """Return the memberships `user` may see; for a search, by the unit that the key table holds.

    A search walks an index of `MemberKey` in its order. The units in reach are written into the
    query, so that the database passes over other units' members inside that index.
    """
    rows = Membership.objects.visible_to(user)
    if not is_search or scope_of(user, Permission.VIEW_MEMBERS).everything:
        return rows
    units = UnionUnit.objects.visible_to(user, Permission.VIEW_MEMBERS).order_by()
    reached = list(units.values_list("pk", flat=True)[: MOST_UNITS + 1])
    if len(reached) > MOST_UNITS:
        return rows
    return Membership.objects.filter(key__unit_id__in=reached)


def for_page(rows: MembershipQuerySet) -> MembershipQuerySet:
    """Fetch what a page shows of its rows, without the encrypted columns.

    Apart from the rows, for joined they would be read for all that is sorted.
    """
    people = Person.objects.defer("id_number", "phone", "residence_text")
    return rows.prefetch_related("unit", "group", "employer", Prefetch("person", people))
