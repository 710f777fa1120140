"""Decide about payout lists: submit, approve, release, stop (domain.md 6.1, "Four eyes").

A decision is one row. What follows for the lines is done by `batch_work`, a chunk at a time: at
once for a short list, by a job for a long one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import channels
from benefits.actions import batch_work, building, payout_files
from benefits.actions.rights import person_of
from benefits.actions.sending import require_open
from benefits.models import PayoutBatch
from benefits.queries.payouts import lines_digest, sendable
from benefits.states.payouts import BatchState
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from benefits.models import Programme
    from unionportal.core.models import User


@transaction.atomic
def build(*, by: User, programme: Programme) -> PayoutBatch:
    """Put everybody who can be paid now on a new draft list, in turn; return the list.

    Raises `NotAllowed` without the maker's right and `Refused` when nobody can be paid.
    """
    batch = building.begin(by=by, programme=programme)
    batch_work.carry_on(batch, by=by)
    return batch


@transaction.atomic
def submit(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Freeze a draft by the digest of its lines and hand it to the checker.

    Raises `NotAllowed`, `Stale`.
    """
    key = person_of(by, Permission.MAKE_PAYOUT)
    locked = _locked(batch, BatchState.DRAFT)
    return move(batch, "submit", by=by, submitted_by=by, submitted_key=key,
                submitted_at=timezone.now(), lines_digest=lines_digest(locked))  # fmt: skip


def approve(*, by: User, batch: PayoutBatch, version: str = "") -> PayoutBatch:
    """Approve a submitted list as another person, binding its lines by their digest.

    `version` is the digest the checker was shown. A list that needs two checkers waits for the
    second. Notice days that are none pass at once. Raises `NotAllowed` for the maker's person and
    for the same checker twice, `Stale` when the list changed.
    """
    decide_approval(by=by, batch=batch, version=version)
    batch_work.carry_on(batch, by=by)
    return batch


def may_approve(*, by: User, batch: PayoutBatch, version: str = "") -> UUID:
    """Return the checker's person; raise as `approve` does, without a look at the lines."""
    key = person_of(by, Permission.CHECK_PAYOUT)
    _require(batch, BatchState.SUBMITTED)
    _refuse_same_person(key, batch)
    if version and version != batch.lines_digest:
        raise Stale(_("The list changed since you opened it. Look again."), code="stale")
    return key


@transaction.atomic
def decide_approval(*, by: User, batch: PayoutBatch, version: str = "") -> PayoutBatch:
    """Record a checker's approval of the list as it was frozen; the lines follow."""
    locked = _locked(batch, BatchState.SUBMITTED)
    key = may_approve(by=by, batch=locked, version=version)
    if lines_digest(locked) != locked.lines_digest:
        raise Refused(_("The list is not the one that was submitted."), code="digest_differs")
    now = timezone.now()
    if locked.approved_by_id is not None:
        return move(batch, "approve", by=by, second_by=by, second_key=key, second_at=now)
    first: dict[str, Any] = {"approved_by": by, "approved_key": key, "approved_at": now}
    return move(batch, "check_first" if locked.needs_second else "approve", by=by, **first)


def _locked(batch: PayoutBatch, *states: str) -> PayoutBatch:
    locked = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    _require(locked, *states)
    return locked


def _require(batch: PayoutBatch, *states: str) -> None:
    if batch.state not in states:
        raise Stale(
            _("This changed in the meantime: it is now “%(state)s”. Look again before you act.")
            % {"state": batch.get_state_display()},
            code="stale",
        )


def _refuse_same_person(key: UUID, batch: PayoutBatch) -> None:
    if key == batch.submitted_key:
        raise NotAllowed(
            _("You made this list. Another person must approve and release it."), code="own_batch"
        )
    if key == batch.approved_key:
        raise NotAllowed(
            _("You approved this list already. It needs a second checker."), code="same_checker"
        )


def release(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Send an approved list to its channel: lines and order numbers are committed before any byte.

    Lines that may no longer be paid are left out with a reason. Raises `NotAllowed` for the
    maker's person, `Stale` when it is not ready, `Refused` when its lines are not the approved ones
    or none is left.
    """
    with transaction.atomic():
        decide_release(by=by, batch=batch)
        if batch_work.is_short(batch):
            batch_work.carry_on(batch, by=by)
    batch_work.carry_on(batch, by=by)
    return batch


def may_release(*, by: User, batch: PayoutBatch) -> None:
    """Raise as `release` does, without a look at the lines."""
    key = person_of(by, Permission.CHECK_PAYOUT)
    require_open()
    _require(batch, BatchState.NOTICE_CLOSED)
    if key == batch.submitted_key:
        _refuse_same_person(key, batch)
    channels.get(batch.channel)


@transaction.atomic
def decide_release(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Record who lets a list go, once its lines are seen to be the approved ones."""
    locked = _locked(batch, BatchState.NOTICE_CLOSED)
    may_release(by=by, batch=locked)
    payout_files.require_bound(locked)
    if not sendable(locked).exists():
        raise Refused(_("Nobody on this list can be paid any more. Cancel it."), code="empty_list")
    return move(batch, "release", by=by, released_by=by, released_at=timezone.now())


@transaction.atomic
def reject(*, by: User, batch: PayoutBatch, reason: str) -> PayoutBatch:
    """Refuse a list with a reason; its people can go on another. Raises `NotAllowed`, `Stale`."""
    decide_stop("reject", by=by, batch=batch, reason=reason)
    batch_work.carry_on(batch, by=by)
    return batch


@transaction.atomic
def cancel(*, by: User, batch: PayoutBatch, reason: str) -> PayoutBatch:
    """Take a list back before its release, with a reason. Raises `NotAllowed`, `Stale`."""
    decide_stop("cancel", by=by, batch=batch, reason=reason)
    batch_work.carry_on(batch, by=by)
    return batch


@transaction.atomic
def decide_stop(verb: str, *, by: User, batch: PayoutBatch, reason: str) -> PayoutBatch:
    """Stop a list (`reject` or `cancel`); its lines are left out afterwards."""
    person_of(by, Permission.CHECK_PAYOUT if verb == "reject" else Permission.MAKE_PAYOUT)
    return move(batch, verb, by=by, reason=reason, stop_reason=reason[:200])
