"""The lists of the desk and of the API: one query behind page, search and export."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import Coalesce

from members.models import Application, Area, Person, UnionUnit, WorkerGroup
from members.models.applications import ApplicationQuerySet
from members.states import ApplicationState
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


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
    known = Person.everyone.filter(id_index=OuterRef("id_index")).values(
        owner=Coalesce("merged_into", "pk")
    )
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
