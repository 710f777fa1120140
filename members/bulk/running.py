"""Make a change, or take it back: 2,000 members a transaction.

The change remembers the last row it came to, so a worker that was killed goes on behind it. Every
member is looked at again under lock: who stands differently than in the preview is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, CharField, Q, QuerySet, Value, When

from members.actions.unit_locks import hold_units
from members.bulk import kinds
from members.bulk.kinds import Portion
from members.bulk.queries import findings_of, outcome_of
from members.models import BulkChange, BulkRow, Membership, UnionUnit
from members.models.bulk import Finding, Kept
from members.states import OPEN_MEMBERSHIP, BulkState
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

CHUNK = 2_000
Report = Callable[..., None]
RIGHT = Permission.APPROVE_APPLICATION


def write(*, by: User, change: BulkChange, report: Report) -> None:
    """Change whoever fits and has not been changed yet, then close the change."""
    done = change.rows.filter(finding=Finding.FIT, pk__lte=change.done_to).count()
    while count := _write_portion(by, change.pk):
        done += count
        report(done=done)
    _finish(by, change, "finish", BulkState.WRITING)


def undo(*, by: User, change: BulkChange, report: Report) -> None:
    """Put back whoever was changed and nobody touched since, then close the undo."""
    made = change.rows.filter(made__isnull=False)
    done = made.filter(pk__lte=change.undone_to).count()
    while count := _undo_portion(by, change.pk):
        done += count
        report(done=done)
    _finish(by, change, "finish_undo", BulkState.UNDOING)


@transaction.atomic
def _write_portion(by: User, pk: UUID) -> int:
    change = _locked(pk)
    if change.state != BulkState.WRITING:
        return 0
    waiting = change.rows.filter(finding=Finding.FIT, pk__gt=change.done_to)
    rows = list(waiting.order_by("pk")[:CHUNK])
    if not rows or not _is_possible(by, change, waiting):
        return 0
    found = _look_again(by, change, rows)
    _leave_out(rows, found)
    fit = [row.membership_id for row in rows if found.get(row.membership_id) == Finding.FIT]
    if fit:
        kinds.kind_of(change).write(Portion(change, by, fit, change.reason))
    BulkChange.objects.filter(pk=pk).update(done_to=rows[-1].pk)
    return len(rows)


def _is_possible(by: User, change: BulkChange, waiting: QuerySet[BulkRow]) -> bool:
    """Say whether the kind still allows it; else whoever waits is left out and the work ends.

    What was made so far stays and can be taken back: a change never hangs half made.
    """
    _hold(change)
    try:
        kinds.kind_of(change).check(by, change.params)
    except (Refused, NotAllowed):
        waiting.update(finding=Finding.SINCE)
        return False
    return True


def _locked(pk: UUID) -> BulkChange:
    return BulkChange.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def _look_again(by: User, change: BulkChange, rows: list[BulkRow]) -> dict[UUID, str]:
    """Lock the members and return what is found of each now; nothing for those out of reach."""
    ids = _lock(rows)
    reached = Membership.objects.visible_to(by, RIGHT).filter(pk__in=ids)
    found = kinds.found(kinds.kind_of(change), reached, change.params, change.day)
    stood = {
        row.membership_id: (row.state_was, row.unit_was, row.employer_was, row.group_was)
        for row in rows
    }
    columns = ("pk", "finding", "state", "unit_id", "employer_id", "group_id")
    return {
        pk: finding if tuple(stands) == stood[pk] else Finding.SINCE
        for pk, finding, *stands in found.values_list(*columns)
    }


def _hold(change: BulkChange) -> None:
    """Hold the unions: first of all, before the members, as every move does."""
    if units := kinds.kind_of(change).units(change):
        hold_units(units)


def _lock(rows: list[BulkRow]) -> list[UUID]:
    ids = [row.membership_id for row in rows]
    locked = Membership.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return list(locked.values_list("pk", flat=True))


def _leave_out(rows: list[BulkRow], found: dict[UUID, str]) -> None:
    """Write down who does not fit any more, and why; who is out of reach changed since."""
    out: dict[str, list[int]] = {}
    for row in rows:
        why = found.get(row.membership_id, Finding.SINCE)
        if why != Finding.FIT:
            out.setdefault(why, []).append(row.pk)
    for why, ids in out.items():
        BulkRow.objects.filter(pk__in=ids).update(finding=why)


@transaction.atomic
def _undo_portion(by: User, pk: UUID) -> int:
    change = _locked(pk)
    if change.state != BulkState.UNDOING:
        return 0
    waiting = change.rows.filter(made__isnull=False, pk__gt=change.undone_to)
    rows = list(waiting.order_by("pk")[:CHUNK])
    if not rows:
        return 0
    _hold(change)
    _lock(rows)
    mine = BulkRow.objects.filter(pk__in=[row.pk for row in rows])
    for why, ids in _objections(by, change, mine).items():
        mine.filter(pk__in=ids).update(kept=why)
    free = mine.filter(kept="")
    members = list(free.order_by("pk").values_list("membership_id", flat=True))
    if members:
        portion = Portion(change, by, members, change.undo_reason)
        kinds.kind_of(change).take_back(portion)
        free.update(put_back=True)
    BulkChange.objects.filter(pk=pk).update(undone_to=rows[-1].pk)
    return len(rows)


def _objections(by: User, change: BulkChange, rows: QuerySet[BulkRow]) -> dict[str, list[int]]:
    """Return {why kept: rows} of those that are not to be put back."""
    units = UnionUnit.objects.visible_to(by, RIGHT).order_by().values("pk")
    here = Q(membership__unit__in=units) & Q(unit_was__in=units)
    whens = [
        When(~Q(membership__state__in=OPEN_MEMBERSHIP), then=Value(Kept.ENDED)),
        When(membership__person__stopped_at__isnull=False, then=Value(Kept.STOPPED)),
        When(~here, then=Value(Kept.REACH)),
        *kinds.kind_of(change).touched(),
    ]
    why: Any = Case(*whens, default=Value(""), output_field=CharField())
    found: dict[str, list[int]] = {}
    for pk, code in rows.annotate(why=why).exclude(why="").values_list("pk", "why"):
        found.setdefault(code, []).append(pk)
    return found


@transaction.atomic
def _finish(by: User, change: BulkChange, verb: str, state: BulkState) -> None:
    change.refresh_from_db()
    if change.state == state:
        move(change, verb, by=by, found=findings_of(change), counts=outcome_of(change))
