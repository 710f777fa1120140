"""Steps of a change of many, for the tests: planned, staged, made, taken back."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import QueryDict
from django.utils import timezone

from members import queries
from members.bulk import actions
from members.bulk.actions import Plan
from members.bulk.selection import Selection
from members.models import (
    BulkChange,
)
from tests.factories import members as make
from unionportal.core import jobs

DAY = date(2026, 5, 4)
EVE = DAY - timedelta(days=1)


def plan(kind, **params) -> Plan:
    return Plan(kind=kind, day=DAY, reason="公司转型", params=params)


def picked(*members) -> Selection:
    return Selection(ids=tuple(one.pk for one in members))


def everybody(query: str = "") -> Selection:
    return Selection(query=query, is_whole=True)


def staged(by, what: Plan, chosen: Selection) -> BulkChange:
    return actions.stage(by=by, plan=what, selection=chosen)


def confirmed(by, change: BulkChange) -> BulkChange:
    jobs.run(actions.confirm(by=by, change=change).pk)
    change.refresh_from_db()
    return change


def made(by, what: Plan, chosen: Selection) -> BulkChange:
    return confirmed(by, staged(by, what, chosen))


def undone(by, change: BulkChange) -> BulkChange:
    jobs.run(actions.undo(by=by, change=change, reason="选错了").pk)
    change.refresh_from_db()
    return change


def counted(user) -> dict:
    return {day: queries.members_as_of(user, day) for day in (EVE, DAY, timezone.localdate())}


def hired(district):
    """Return three couriers of one union."""
    return [make.membership(district.firm_a, joined_on=date(2026, 1, 5)) for _one in range(3)]


def into(code: str) -> Plan:
    return plan("group", group=code)


def posted(**values):
    made = QueryDict(mutable=True)
    made.update(values)
    return made
