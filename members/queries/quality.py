"""The three member numbers: reported, recorded, qualified (domain.md section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum

from members.models import Membership, UnionUnit
from members.models.people import maybe_twice, transfer_expired, unverified
from members.states import Confirmation, UnitStatus

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def recorded_count(user: AnyUser) -> int:
    """Return recorded memberships as they stand now."""
    return Membership.objects.visible_to(user).recorded().count()


def qualified_count(user: AnyUser) -> int:
    """Return memberships that are recorded and lack nothing, as they stand now."""
    return Membership.objects.visible_to(user).qualified().count()


def qualification_gaps(user: AnyUser) -> dict[str, int]:
    """Return why recorded members are not qualified, counted per reason; four queries.

    A member may lack several things, so the reasons add up to more than the gap.
    """
    rows = Membership.objects.visible_to(user).recorded()
    gaps = rows.aggregate(
        not_confirmed=Count("pk", filter=Q(confirmation=Confirmation.NONE)),
        unit_not_established=Count("pk", filter=~Q(unit__status=UnitStatus.ESTABLISHED)),
    )
    # By themselves: as filters of the count above they would be asked once a member.
    return {
        **gaps,
        "phone_not_verified": rows.filter(unverified()).count(),
        "maybe_twice": rows.filter(maybe_twice()).count(),
        "transfer_expired": rows.filter(transfer_expired()).count(),
    }


def reported_count(user: AnyUser) -> tuple[int, int]:
    """Return members as units themselves state them, and how many units state nothing."""
    units = UnionUnit.objects.visible_to(user).taking_members().order_by()
    sums = units.aggregate(
        reported=Sum("reported_members", default=0),
        silent=Count("pk", filter=Q(reported_members=None)),
    )
    return sums["reported"], sums["silent"]
