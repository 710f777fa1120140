"""Who meets a programme's conditions and is not entitled yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from benefits.eligibility import Facts, Terms, decide
from benefits.models import Entitlement, MemberCard, Programme
from benefits.states.cards import CardState
from members.models import Affiliation, GroupMembership, Membership
from members.states import Confirmation, MembershipState, UnitKind

COLUMNS = (
    "id", "person_id", "state", "joined_on", "unit__kind", "confirmation", "confirmed_at",
    "group_id", "left_pool_on", "joined_group_on", "card_activated_at",
)  # fmt: skip


def terms_of(programme: Programme) -> Terms:
    """Return the conditions of a programme."""
    groups = frozenset(programme.groups.values_list("pk", flat=True))
    return Terms(groups, programme.window_from, programme.window_to)


def with_facts(memberships: QuerySet[Membership], terms: Terms) -> QuerySet[Membership]:
    """Add to each membership the days the rules ask for."""
    own: dict[str, Any] = {"membership": OuterRef("pk")}
    pool = Affiliation.objects.filter(**own, unit__kind=UnitKind.HOLDING_POOL)
    other = GroupMembership.objects.filter(**own).exclude(group__in=terms.groups)
    cards = MemberCard.objects.filter(
        person=OuterRef("person"), state=CardState.ACTIVATED, activated_at__isnull=False
    )
    return memberships.annotate(
        left_pool_on=_latest(pool), joined_group_on=_latest(other),
        card_activated_at=Subquery(cards.order_by("activated_at").values("activated_at")[:1]),
    )  # fmt: skip


def _latest(rows: QuerySet[Any]) -> Subquery:
    ends = rows.order_by().values("membership").annotate(end=Max("ended_on"))
    return Subquery(ends.values("end"))


def facts_of(row: dict[str, Any]) -> Facts:
    """Return one row of `with_facts(…).values(*COLUMNS)` as facts."""
    return Facts(
        membership_state=row["state"],
        joined_on=row["joined_on"],
        unit_kind=row["unit__kind"],
        left_pool_on=row["left_pool_on"],
        confirmation=row["confirmation"],
        confirmed_on=_day(row["confirmed_at"]),
        card_activated_on=_day(row["card_activated_at"]),
        group=row["group_id"],
        joined_group_on=row["joined_group_on"],
    )


def newly_entitled(
    programme: Programme, person_ids: Collection[UUID] | None = None
) -> Iterator[tuple[UUID, UUID, date]]:
    """Yield (membership, person, day of the last condition) of who qualifies, among `person_ids`.

    The filter only narrows what is read; the rules decide. Who ever had a right in the cycle, void
    ones included, does not get another by itself.
    """
    terms = terms_of(programme)
    had_one = Entitlement.objects.filter(programme=programme, person=OuterRef("person"))
    likely = Membership.objects.filter(
        ~Exists(had_one),
        state=MembershipState.ACTIVE,
        group__in=terms.groups,
        joined_on__lte=terms.window_to,
    ).exclude(confirmation=Confirmation.NONE)
    if person_ids is not None:
        likely = likely.filter(person_id__in=person_ids)
    rows = with_facts(likely, terms).filter(Q(card_activated_at__isnull=False))
    for row in rows.order_by().values(*COLUMNS).iterator(2_000):
        verdict = decide(facts_of(row), terms)
        if verdict.is_met and verdict.since:
            yield row["id"], row["person_id"], verdict.since


def annulled_rights(person_ids: Collection[UUID] | None = None) -> QuerySet[Entitlement]:
    """Return rights whose membership was annulled and which say so nowhere yet."""
    rows = Entitlement.objects.filter(
        membership__state=MembershipState.ANNULLED, review=""
    ).exclude(state="void")
    return rows if person_ids is None else rows.filter(person_id__in=person_ids)


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None
