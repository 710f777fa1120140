"""What officers do with a change of many: look at it, confirm, drop it, take it back.

Nothing of a member changes before `confirm`; what is confirmed can be taken back for seven days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.bulk import kinds
from members.bulk.queries import findings_of
from members.bulk.selection import Selection
from members.models import BulkChange
from members.models.bulk import BulkKind, Finding
from members.states import BulkState
from unionportal.core import audit, jobs
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import Job, User
from unionportal.core.roles import ROLES, Permission
from unionportal.core.transitions import move

WRITE, UNDO = "members.write_bulk", "members.undo_bulk"
UNDO_FOR = timedelta(days=7)
_STAGE = """
INSERT INTO members_bulkrow (change_id, membership_id, finding, state_was, unit_was, employer_was,
  group_was, reason_was)
SELECT %s::uuid, chosen.* FROM ({query}) chosen
"""
COLUMNS = ("pk", "finding", "state", "unit_id", "employer_id", "group_id", "reason_was")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What shall be done: a kind, from which day, why, and what the kind needs (ids, codes)."""

    kind: BulkKind
    day: date
    reason: str
    params: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def stage(*, by: User, plan: Plan, selection: Selection) -> BulkChange:
    """Write down who is meant and what would become of each; no member is changed.

    Raises `Refused` (`nobody_picked`, `nobody`, `future`, `reason_needed`, those of the kind and of
    the list's filters), `NotAllowed` when a target is out of reach.
    """
    reason = plan.reason.strip()
    if not reason:
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")
    if plan.day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="day")
    kind = kinds.get(plan.kind)
    kind.check(by, plan.params)
    change = BulkChange.objects.create(
        kind=plan.kind,
        params=plan.params,
        day=plan.day,
        reason=reason[:200],
        query=selection.told,
        asked=len(selection.ids),
        unit_id=_unit_of(by),
        created_by=by,
    )
    rows = kinds.found(kind, selection.rows(by), plan.params, plan.day)
    count = _stage(change, rows)
    if not count:
        raise Refused(_("No member you may decide on is among them."), code="nobody")
    change.asked = change.asked if not selection.is_whole else count
    change.found = findings_of(change)
    change.save(update_fields=["asked", "found"])
    audit.record(by=by, verb="bulk.preview", target=change, reason=reason, data={"rows": count})
    return change


def _stage(change: BulkChange, rows: Any) -> int:
    query, params = rows.order_by("pk").values_list(*COLUMNS).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_STAGE.format(query=query), [change.pk, *params])
        return int(cursor.rowcount)


def _unit_of(user: User) -> Any:
    """Return the highest unit on which `user` may decide."""
    right = Permission.APPROVE_APPLICATION
    held = [grant for grant in user.grants_today() if right in ROLES[grant.role].permissions]
    if not held:
        raise NotAllowed(_("Your role does not decide on members."))
    return min(held, key=lambda grant: len(grant.unit.path)).unit_id


@transaction.atomic
def confirm(*, by: User, change: BulkChange) -> Job:
    """Start making the change, or go on after a job that broke off.

    Raises `Refused` when nobody fits, `Stale` when it no longer waits, and what the kind raises.
    """
    if not change.found.get(Finding.FIT):
        raise Refused(_("Nobody would be changed. Choose other members."), code="nobody")
    if not is_broken_off(change, BulkState.WRITING):
        kinds.kind_of(change).check(by, change.params)
        move(change, "confirm", by=by, confirmed_by=by, confirmed_at=timezone.now())
    return _start(change, WRITE, by, total=change.found[Finding.FIT])


def is_broken_off(change: BulkChange, state: str) -> bool:
    """Say whether the work of `state` began and its job has ended before the last member."""
    return change.state == state and not (change.job and change.job.is_open)


@transaction.atomic
def cancel(*, by: User, change: BulkChange) -> BulkChange:
    """Drop a change that was not confirmed, with the list of its members."""
    move(change, "cancel", by=by)
    change.rows.all().delete()
    return change


def undo_until(change: BulkChange) -> Any:
    """Return until when the change can be taken back; None before it is confirmed."""
    return change.confirmed_at + UNDO_FOR if change.confirmed_at else None


def is_undoable(change: BulkChange) -> bool:
    until = undo_until(change)
    made = change.counts.get("done", 0)
    return bool(change.state == BulkState.DONE and made and until and timezone.now() < until)


@transaction.atomic
def undo(*, by: User, change: BulkChange, reason: str) -> Job:
    """Start taking the change back for all whom nobody changed since, or go on with it.

    Raises `Refused` (`reason_needed`, `too_late` after seven days), `Stale` when it is not made.
    """
    if not is_broken_off(change, BulkState.UNDOING):
        until = undo_until(change)
        if until is not None and timezone.now() >= until:
            raise Refused(
                _("It can no longer be taken back as a whole: seven days are over."),
                code="too_late",
            )
        move(
            change, "undo", by=by, reason=reason, undo_reason=reason.strip()[:200],
            undone_by=by, undone_at=timezone.now(),
        )  # fmt: skip
    return _start(change, UNDO, by, total=change.counts.get("done", 0))


def _start(change: BulkChange, kind: str, by: User, *, total: int) -> Job:
    change.job = jobs.start(
        kind=kind, by=by, subject_id=change.pk, total=total, result_url=change.get_absolute_url()
    )
    change.save(update_fields=["job"])
    return change.job
