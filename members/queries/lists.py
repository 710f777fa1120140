"""The lists of the desk and of the API: one query behind page, search and export."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Min, OuterRef, Prefetch, Q, Subquery

from members.models import Application, Area, Membership, Person, UnionUnit, WorkerGroup
from members.models.applications import ApplicationQuerySet
from members.models.people import MembershipQuerySet
from members.states import ApplicationState
from unionportal.core.pinyin import bigrams
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

MEMBER_NUMBER = re.compile(r"GH[ 0-9]{8,20}", re.IGNORECASE)
PHONE_TAIL = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, kw_only=True)
class MemberFilters:
    """What a list of members is narrowed to; None and "" mean all."""

    unit: UnionUnit | None = None
    area: Area | None = None
    group: WorkerGroup | None = None
    state: str = ""
    confirmation: str = ""
    phone_state: str = ""
    joined_from: date | None = None
    joined_to: date | None = None
    q: str = ""
    id_index: UUID | None = None
    phone_index: UUID | None = None


def member_list(user: AnyUser, filters: MemberFilters) -> MembershipQuerySet:
    """Return the memberships `user` may see, narrowed; without the encrypted columns."""
    rows = Membership.objects.visible_to(user).filter(*_conditions(filters))
    # People are fetched for the page alone: joined, they would be read for all that is sorted.
    people = Person.objects.defer("id_number", "phone")
    return rows.select_related("unit", "group").prefetch_related(Prefetch("person", people))


def _conditions(filters: MemberFilters) -> list[Q]:
    exact = {
        "group": filters.group,
        "state": filters.state,
        "confirmation": filters.confirmation,
        "person__phone_state": filters.phone_state,
        "joined_on__gte": filters.joined_from,
        "joined_on__lte": filters.joined_to,
        "person__id_index": filters.id_index,
        "person__phone_index": filters.phone_index,
    }
    conditions = [Q(**{lookup: value}) for lookup, value in exact.items() if value]
    if filters.unit:
        units = UnionUnit.objects.filter(path__startswith=filters.unit.path)
        conditions.append(Q(unit_id__in=units.order_by().values("id")))
    if filters.area:
        units = UnionUnit.objects.filter(area__path__startswith=filters.area.path)
        conditions.append(Q(unit_id__in=units.order_by().values("id")))
    if filters.q:
        conditions.append(name_condition(filters.q, "person__"))
    return conditions


def name_condition(text: str, prefix: str = "") -> Q:
    """Return the quick search: member number, last four of the phone, letters or characters.

    One Chinese character finds names that begin with it, more find names that hold them; letters
    are pinyin or its initials.
    """
    text = text.strip()
    if MEMBER_NUMBER.fullmatch(text):
        return Q(member_no=text.replace(" ", "").upper())
    if PHONE_TAIL.fullmatch(text):
        return Q(**{f"{prefix}phone_tail": text})
    if text.isascii():
        lower = " ".join(text.lower().split())
        return Q(**{f"{prefix}name_initials__startswith": lower}) | Q(
            **{f"{prefix}name_pinyin__startswith": lower}
        )
    held = Q(**{f"{prefix}name_grams__contains": bigrams(text)})
    if len(text) == 1:
        return held & Q(**{f"{prefix}name__startswith": text})
    return held


def application_list(
    user: AnyUser,
    *,
    state: str = ApplicationState.SUBMITTED,
    group: WorkerGroup | None = None,
    unit: UnionUnit | None = None,
    area: Area | None = None,
    source: str = "",
) -> ApplicationQuerySet:
    """Return the applications `user` may see; `known_id` = the person on file already, or None."""
    exact = {"state": state, "group": group, "source": source}
    rows = Application.objects.visible_to(user).filter(
        **{lookup: value for lookup, value in exact.items() if value}
    )
    if unit:
        units = UnionUnit.objects.filter(path__startswith=unit.path)
        rows = rows.filter(unit_id__in=units.order_by().values("id"))
    if area:
        areas = Area.objects.filter(path__startswith=area.path)
        rows = rows.filter(area_id__in=areas.order_by().values("id"))
    # A subquery for a value, not EXISTS: it is looked up for the rows of the page, while EXISTS
    # makes the database read the numbers of all people first.
    known = Person.objects.filter(id_index=OuterRef("id_index")).values("pk")
    return (
        rows.annotate(known_id=Subquery(known))
        .select_related("unit", "group", "employer")
        .defer("id_number", "phone")
    )


def waiting_count(user: AnyUser) -> int:
    """Return how many applications wait for `user` to decide."""
    rows = Application.objects.visible_to(user, Permission.APPROVE_APPLICATION)
    return rows.filter(state=ApplicationState.SUBMITTED).count()


def oldest_waiting(user: AnyUser) -> datetime | None:
    """Return since when the oldest application waits for `user` to decide; None when none does."""
    rows = Application.objects.visible_to(user, Permission.APPROVE_APPLICATION)
    oldest: datetime | None = rows.filter(state=ApplicationState.SUBMITTED).aggregate(
        at=Min("submitted_at")
    )["at"]
    return oldest
