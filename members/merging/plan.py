"""What a merge would do, told before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from members.merging.registry import Case, How, Item, Kind, Link, links, parts
from members.models import Person, PersonMerge


@dataclass(frozen=True)
class Plan:
    """Every line of what becomes of the related rows."""

    items: list[Item]

    def of(self, *kinds: Kind) -> list[Item]:
        return [item for item in self.items if item.kind in kinds]

    @property
    def stops(self) -> list[Item]:
        return self.of(Kind.STOPS)


def plan_of(case: Case) -> Plan:
    """Return the plan of merging `case.merged` into `case.survivor`."""
    items = [*_standing(case)]
    for part in parts():
        items += part.look(case)
    for link in links(How.MOVES, How.MOVES_IF_FREE):
        items += _moved(link, case)
    return Plan(items)


def _standing(case: Case) -> Iterable[Item]:
    for person in (case.survivor, case.merged):
        if person.merged_into_id:
            text = _("This record was merged into another one already.")
            yield Item(Kind.STOPS, _("Record"), text, code="merged_before")
        if person.stopped_at or person.anonymised_at:
            text = _("This person's data may only be stored: consent was withdrawn.")
            yield Item(Kind.STOPS, _("Record"), text, code="stopped")


def _moved(link: Link, case: Case) -> Iterable[Item]:
    rows, movable = rows_of(link, case.merged), movable_rows(link, case)
    count = movable.count()
    if count:
        yield Item(Kind.MOVES, link.name, count=count)
    if left := rows.count() - count:
        text = _("The survivor has the same; these stay on the old record.")
        yield Item(Kind.STAYS, link.name, text, count=left)


def rows_of(link: Link, person: Person) -> QuerySet[Any]:
    """Return the rows whose column of `link` refers to `person`."""
    label, column = link.column.rsplit(".", 1)
    rows: QuerySet[Any] = apps.get_model(label)._base_manager.filter(**{column: person.pk})
    return rows


def movable_rows(link: Link, case: Case) -> QuerySet[Any]:
    """Return the rows that move to the survivor."""
    rows = rows_of(link, case.merged)
    if link.how == How.MOVES:
        return rows
    alike = rows_of(link, case.survivor).filter(
        link.among, **{column: OuterRef(column) for column in link.like}
    )
    return rows.exclude(link.among & Exists(alike))


def live_merges(person: Person) -> QuerySet[PersonMerge]:
    """Return the merges into `person` that were not taken back, newest first."""
    rows = PersonMerge.objects.filter(survivor=person, undone_at=None)
    return rows.order_by("-merged_at", "-pk")
