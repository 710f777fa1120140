"""The one door for a member's standing: each step with its day, its reason and its paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import memberships
from members.actions.rights import require_units
from members.actions.stopping import stopped
from members.models import Membership
from members.states import MEMBERSHIP_MACHINE
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission

# What may still be done with somebody who withdrew the consent to membership: end it.
ENDINGS = ("resign", "move_away", "record_death", "annul")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is recorded: a verb of the membership machine, the day it holds from, why, the paper."""

    verb: str
    day: date
    reason: str = ""
    reason_code: str = ""
    evidence: Attachment | None = None


@transaction.atomic
def change(
    *,
    membership: Membership,
    change: Change,
    by: User | ServiceActor,
    seen_state: str | None = None,
) -> Membership:
    """Take one step of the membership machine on the day it really happened.

    The day lies in [joined, today] and not before what is recorded already. Raises `Refused`
    (`future`, `before_joining`, `before_history`, `retain_reason`, `no_paper`, `reason_needed`,
    `stopped`), `Stale` when the state is not `seen_state` or the step is not possible any more,
    `NotAllowed` outside `by`'s reach. Rule: domain.md 2.1.
    """
    require_units(by, Permission.APPROVE_APPLICATION, [membership.unit_id])
    locked = Membership.objects.select_for_update(of=("self",)).select_related("person").get(
        pk=membership.pk
    )  # fmt: skip
    _check_state(locked, change.verb, seen_state)
    check_day(locked, change.day, verb=change.verb)
    if locked.person.stopped_at and change.verb not in ENDINGS:
        raise stopped(locked)
    if change.verb == "retain":
        return memberships.retain(
            membership=locked, by=by, reason_code=change.reason_code, reason=change.reason,
            day=change.day,
        )  # fmt: skip
    if change.verb == "reactivate":
        return memberships.reactivate(
            membership=locked, by=by, reason=change.reason, day=change.day
        )
    return memberships.close(
        membership=locked, verb=change.verb, by=by, reason=change.reason, ended_on=change.day,
        evidence=change.evidence,
    )  # fmt: skip


def _check_state(membership: Membership, verb: str, seen: str | None) -> None:
    if (seen is not None and membership.state != seen) or verb not in (
        MEMBERSHIP_MACHINE.verbs_from(membership.state)
    ):
        raise Stale(
            _("This changed in the meantime: it is now “%(state)s”. Look again before you act.")
            % {"state": membership.get_state_display()},
            code="stale",
        )


def check_day(membership: Membership, day: date, *, verb: str = "") -> None:
    """Raise `Refused` (`future`, `before_joining`, `before_history`) for a day that cannot be."""
    if day > timezone.localdate():
        raise _bad_day(_("The day cannot be in the future."), "future")
    if day < membership.joined_on:
        raise _bad_day(
            _("The day cannot be before the member joined: %(day)s.")
            % {"day": membership.joined_on.isoformat()},
            "before_joining",
        )
    earliest = earliest_day(membership)
    # An annulled membership was never true, whatever else was recorded of it.
    if verb != "annul" and day < earliest:
        raise _bad_day(
            _("Something later is recorded already. Choose %(day)s or a later day.")
            % {"day": earliest.isoformat()},
            "before_history",
        )


def _bad_day(message: str, code: str) -> Refused:
    return Refused(message, code=code, field="day")


def earliest_day(membership: Membership) -> date:
    """Return the first day a new step may hold from: that of the newest thing recorded."""
    days = [membership.joined_on]
    last = membership.status_changes.aggregate(day=Max("day"))["day"]
    if last:
        days.append(last)
    for rows in (membership.affiliations, membership.group_history):
        started = rows.filter(ended_on=None).aggregate(day=Max("started_on"))["day"]
        if started:
            days.append(started)
    return max(days)


def possible(membership: Membership) -> list[str]:
    """Return the verbs the page offers now, in table order."""
    verbs = MEMBERSHIP_MACHINE.verbs_from(membership.state)
    if membership.person.stopped_at:
        return [verb for verb in verbs if verb in ENDINGS]
    return verbs
