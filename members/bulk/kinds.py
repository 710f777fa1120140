"""What can be done to many members: one class each, one registry, the same findings for all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from members.models import BulkChange, Membership, StatusChange
from members.models.bulk import BulkKind, Finding, Kept
from members.states import OPEN_MEMBERSHIP, MembershipState
from unionportal.core.models import User

# The open row of a history is what a change closes; afterwards the open one is what it wrote.
_CLOSED = """
UPDATE members_bulkrow one SET closed = held.id FROM {table} held
WHERE one.change_id = %(change)s AND one.membership_id = ANY(%(ids)s)
  AND held.membership_id = one.membership_id AND held.ended_on IS NULL
"""
_MADE = """
UPDATE members_bulkrow one SET made = held.id, held_from = held.started_on,
  mark = (SELECT max(id) FROM members_movement WHERE membership_id = one.membership_id)
FROM {table} held
WHERE one.change_id = %(change)s AND one.membership_id = ANY(%(ids)s)
  AND held.membership_id = one.membership_id AND held.ended_on IS NULL
"""
# What was written never held: its days are emptied, and the row before it goes on.
_EMPTY = """
UPDATE {table} held SET ended_on = held.started_on FROM members_bulkrow one
WHERE one.change_id = %(change)s AND one.membership_id = ANY(%(ids)s) AND held.id = one.made
"""
_REOPEN = """
UPDATE {table} held SET ended_on = NULL FROM members_bulkrow one
WHERE one.change_id = %(change)s AND one.membership_id = ANY(%(ids)s) AND held.id = one.closed
"""


@dataclass(frozen=True)
class Portion:
    """Members of a change that are written, or taken back, in one transaction."""

    change: BulkChange
    by: User
    ids: list[UUID]
    reason: str

    @property
    def rows(self) -> QuerySet[Membership]:
        return Membership.objects.filter(pk__in=self.ids)

    @property
    def params(self) -> dict[str, Any]:
        found: dict[str, Any] = self.change.params
        return found

    def execute(self, *statements: str, **params: Any) -> None:
        """Run statements with the change, the members, its day and `params`."""
        values = {"change": self.change.pk, "ids": self.ids, "day": self.change.day, **params}
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values)


class Kind(ABC):
    """One thing that can be done to many: which members fit, how it is done and taken back."""

    name: ClassVar[BulkKind]

    def refusals(self, params: dict[str, Any]) -> Iterable[When]:
        """Yield what stands against a member besides what always does."""
        return ()

    def check(self, by: User, params: dict[str, Any]) -> None:  # noqa: B027 - most need none
        """Raise `Refused` or `NotAllowed` when nobody can be changed so."""

    def units(self, change: BulkChange) -> set[UUID]:
        """Return the unions that stand still while members are written: locked before them."""
        return set()

    @abstractmethod
    def write(self, portion: Portion) -> None:
        """Change the members, whose rows are locked and who fit; set-based, audited."""

    @abstractmethod
    def take_back(self, portion: Portion) -> None:
        """Put those members back whom nobody has changed since."""

    @abstractmethod
    def touched(self) -> list[When]:
        """Return what says that a member was changed since: conditions on rows of a change."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Declare a kind; its name is its place."""
    _kinds[kind.name] = kind


def kind_of(change: BulkChange) -> Kind:
    return _kinds[change.kind]


def get(name: str) -> Kind:
    return _kinds[name]


def names() -> list[str]:
    return list(_kinds)


def found(
    kind: Kind, rows: QuerySet[Membership], params: dict[str, Any], day: date
) -> QuerySet[Membership]:
    """Annotate memberships with `finding` and `reason_was`."""
    later = StatusChange.objects.filter(membership=OuterRef("pk"), day__gt=day)
    last = StatusChange.objects.filter(membership=OuterRef("pk")).order_by("-day", "-pk")
    open_row = Q(held__started_on__gt=day) | Q(grouped__started_on__gt=day) | Exists(later)
    whens = [
        When(~Q(state__in=OPEN_MEMBERSHIP), then=Value(Finding.ENDED)),
        When(person__stopped_at__isnull=False, then=Value(Finding.STOPPED)),
        When(unit__is_external=True, then=Value(Finding.FED)),
        *kind.refusals(params),
        When(joined_on__gt=day, then=Value(Finding.NOT_JOINED)),
        When(open_row, then=Value(Finding.LATER)),
    ]
    # Whoever came into the register retained has no step that says why.
    why = Coalesce(Subquery(last.values("reason_code")[:1]), Value(""))
    retained = When(state=MembershipState.RETAINED, then=why)
    return rows.annotate(
        held=FilteredRelation("affiliations", condition=Q(affiliations__ended_on=None)),
        grouped=FilteredRelation("group_history", condition=Q(group_history__ended_on=None)),
        finding=Case(*whens, default=Value(Finding.FIT), output_field=CharField()),
        reason_was=Case(retained, default=Value(""), output_field=CharField()),
    )


def newer_movement() -> When:
    """Say that a member was counted elsewhere or otherwise since."""
    moved = Membership.objects.filter(
        pk=OuterRef("membership_id"), movements__id__gt=OuterRef("mark")
    )
    return When(Exists(moved), then=Value(Kept.CHANGED))


def differs(name: str, was: str) -> When:
    return When(~Q(**{f"membership__{name}": F(was)}), then=Value(Kept.CHANGED))


def close_and_open(portion: Portion, table: str) -> tuple[str, str]:
    """Return the statements around a change of the history in `table`: before, and after it."""
    return _CLOSED.format(table=table), _MADE.format(table=table)


def reopen(portion: Portion, table: str) -> None:
    """Let the row of history that a change closed hold again, as if it had never been closed."""
    portion.execute(_EMPTY.format(table=table), _REOPEN.format(table=table))
