"""Move many members of a unit at once: choose by filter, look at the list, move in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from members.actions.reorganisation import transfer_members
from members.models import Employer, Membership, UnionUnit
from members.states import OPEN_MEMBERSHIP
from unionportal.core import jobs
from unionportal.core.errors import Stale
from unionportal.core.models import Job, User
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Callable

MOVE = "members.move_members"
# More than this takes longer than somebody waits for a page.
AT_ONCE = 500
CHUNK = 2_000


@dataclass(frozen=True, kw_only=True)
class BulkMove:
    """Who is meant, and where they go; only ids, so that a job can keep it."""

    source: UUID
    target: UUID
    moved_on: date
    reason: str
    employer: UUID | None = None
    group: str = ""
    joined_from: date | None = None
    joined_to: date | None = None
    new_employer: UUID | None = None

    def params(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {name: str(value) if value else "" for name, value in vars(self).items()}

    @classmethod
    def read(cls, params: dict[str, Any]) -> BulkMove:
        """Return what `params` wrote down."""
        ids = {
            name: UUID(params[name]) if params[name] else None
            for name in ("employer", "new_employer")
        }
        days = {
            name: date.fromisoformat(params[name]) if params[name] else None
            for name in ("joined_from", "joined_to")
        }
        return cls(
            source=UUID(params["source"]),
            target=UUID(params["target"]),
            moved_on=date.fromisoformat(params["moved_on"]),
            reason=params["reason"],
            group=params["group"],
            **ids,
            **days,
        )


def chosen(user: User, move: BulkMove) -> QuerySet[Membership]:
    """Return the open memberships meant by `move` that `user` may move, by member number.

    Without those who withdrew their consent: `left_out` counts them.
    """
    return _meant(user, move).filter(person__stopped_at__isnull=True)


def left_out(user: User, move: BulkMove) -> int:
    """Return how many of those meant stay where they are, as they withdrew their consent."""
    return _meant(user, move).filter(person__stopped_at__isnull=False).count()


def _meant(user: User, move: BulkMove) -> QuerySet[Membership]:
    unit = UnionUnit.objects.get(pk=move.source)
    units = UnionUnit.objects.filter(path__startswith=unit.path).order_by().values("pk")
    rows = Membership.objects.visible_to(user, Permission.APPROVE_APPLICATION).filter(
        unit_id__in=units, state__in=OPEN_MEMBERSHIP
    )
    exact = {
        "employer_id": move.employer,
        "group_id": move.group,
        "joined_on__gte": move.joined_from,
        "joined_on__lte": move.joined_to,
    }
    narrowed = rows.filter(**{lookup: value for lookup, value in exact.items() if value})
    return narrowed.exclude(unit_id=move.target).order_by("member_no")


@transaction.atomic
def run(*, by: User, move: BulkMove, expected: int) -> Job | int:
    """Move them now and return how many, or start a job when they are more than 500.

    Raises `Stale` when they are not `expected` many any more, and what `transfer_members` raises.
    """
    count = chosen(by, move).count()
    if count != expected:
        raise Stale(
            _("They are %(now)d members now, not %(then)d. Look at the list again.")
            % {"now": count, "then": expected},
            code="stale",
        )
    if count <= AT_ONCE:
        return _move(by, move, chosen(by, move))
    url = f"/desk/units/{move.target}/"
    return jobs.start(kind=MOVE, by=by, params=move.params(), total=count, result_url=url)


def _move(by: User, move: BulkMove, rows: QuerySet[Membership]) -> int:
    employers = Employer.objects.filter(pk=move.new_employer)
    moved = transfer_members(
        by=by,
        memberships=rows,
        unit=UnionUnit.objects.get(pk=move.target),
        employer=employers.first(),
        keeps_employer=move.new_employer is None,
        moved_on=move.moved_on,
        reason=move.reason,
    )
    return len(moved)


def move_all(*, by: User, move: BulkMove, total: int, report: Callable[..., None]) -> None:
    """Move chunk after chunk, each in a transaction; those moved are chosen no more."""
    while True:
        with transaction.atomic():
            ids = list(chosen(by, move).values_list("pk", flat=True)[:CHUNK])
            moved = _move(by, move, Membership.objects.filter(pk__in=ids)) if ids else 0
        left = chosen(by, move).count()
        report(done=max(0, total - left), total=total)
        if not moved or not left:
            return
