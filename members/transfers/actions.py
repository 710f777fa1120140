"""Ask for a transfer, agree to it, answer it, carry it out (domain.md 2.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import memberships
from members.actions.rights import require_units
from members.actions.stopping import refuse_stopped
from members.models import Employer, Membership, Person, Transfer, UnionUnit
from members.queries import find_person
from members.states import OPEN_MEMBERSHIP, Confirmation
from members.transfers import texts
from members.transfers.states import TransferKind
from unionportal.core import audit
from unionportal.core.actors import WORKER_SELF, ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.identifiers import compare_key
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

# Carries out what two sides and the member agreed on; each of them is named in the case's log.
TRANSFERS = ServiceActor("transfers")
LONGEST_WAIT = dt.timedelta(days=60)


@transaction.atomic
def pull(
    *,
    by: User,
    name: str,
    id_type: str,
    id_number: str,
    unit: UnionUnit,
    employer: Employer | None = None,
    reason: str = "",
    paper: Attachment | None = None,
) -> Transfer:
    """Ask that a member somewhere in the district moves to `unit`; the member is asked by text.

    With `paper` (the member's signed wish) nobody needs to be asked. Raises `Refused`:
    `cannot_pull` in one sentence for everything the asker may not know, `same_unit`,
    `unit_takes_none`; `NotAllowed` when `unit` is out of `by`'s reach.
    """
    require_units(by, Permission.ENROL, [unit.pk])
    person = find_person(id_type, id_number)
    if person is None or compare_key(person.name) != compare_key(name):
        raise _cannot_pull()
    membership = _open_membership(person)
    if membership is None or membership.person.stopped_at or membership.unit.is_external:
        raise _cannot_pull()
    if membership.transfers.filter(closed_at=None).exists():
        raise _cannot_pull()
    memberships.check_move(membership, unit)
    return _ask(
        by,
        paper,
        kind=TransferKind.PULL,
        membership=membership,
        from_unit=membership.unit,
        to_unit=unit,
        employer=employer,
        reason=reason,
    )


def _cannot_pull() -> Refused:
    return Refused(
        _(
            "No membership with this name and number can be asked for. Compare both with the ID "
            "card. Somebody who never joined a union enrols instead."
        ),
        code="cannot_pull",
        field="id_number",
    )


def _open_membership(person: Person) -> Membership | None:
    rows = Membership.objects.filter(person=person, state__in=OPEN_MEMBERSHIP)
    return rows.select_related("unit", "person").first()


@transaction.atomic
def push(
    *,
    by: User,
    membership: Membership,
    unit: UnionUnit,
    employer: Employer | None = None,
    reason: str = "",
    paper: Attachment | None = None,
) -> Transfer:
    """Offer a member of one's own unit to `unit`, which accepts or refuses.

    Raises `Refused` (`open_transfer`, `same_unit`, `unit_takes_none`, `stopped`), `NotAllowed`.
    """
    require_units(by, Permission.ENROL, [membership.unit_id])
    memberships.check_move(membership, unit)
    return _ask(
        by,
        paper,
        kind=TransferKind.PUSH,
        membership=membership,
        from_unit=membership.unit,
        to_unit=unit,
        employer=employer,
        reason=reason,
    )


@transaction.atomic
def send_away(
    *,
    by: User,
    membership: Membership,
    outside_name: str,
    reason: str = "",
    paper: Attachment | None = None,
) -> Transfer:
    """Begin a transfer to a union outside the district; its answer comes on paper.

    Raises `Refused` (`open_transfer`, `no_outside_name`, `stopped`), `NotAllowed`, `Stale`.
    """
    require_units(by, Permission.ENROL, [membership.unit_id])
    _require_open(membership)
    refuse_stopped(membership)
    if not outside_name.strip():
        raise Refused(
            _("Name the union outside the district."), code="no_outside_name", field="outside_name"
        )
    return _ask(
        by,
        paper,
        kind=TransferKind.OUTWARD,
        membership=membership,
        from_unit=membership.unit,
        outside_name=outside_name.strip()[:120],
        reason=reason,
    )


@transaction.atomic
def wish(*, membership: Membership, unit: UnionUnit, reason: str = "") -> Transfer:
    """Write the member's own wish to move to `unit`, given on the status page.

    Raises `Refused` (`open_transfer`, `same_unit`, `unit_takes_none`, `stopped`), `Stale`.
    """
    memberships.check_move(membership, unit)
    made = write_case(
        WORKER_SELF,
        kind=TransferKind.WISH,
        membership=membership,
        from_unit=membership.unit,
        to_unit=unit,
        reason=reason,
    )
    return consent(by=WORKER_SELF, transfer=made, confirmation=Confirmation.SELF)


def _require_open(membership: Membership) -> None:
    if not membership.is_open:
        raise Stale(_("This membership has ended. Look again before you act."), code="stale")


def _ask(by: User, paper: Attachment | None, **values: Any) -> Transfer:
    made = write_case(by, **values)
    if paper is not None:
        return consent(by=by, transfer=made, confirmation=Confirmation.PAPER_FORM, paper=paper)
    texts.ask_member(made, by)
    return made


def write_case(by: User | ServiceActor, **values: Any) -> Transfer:
    """Write a case at its beginning; raise `Refused` (`open_transfer`) when one is open."""
    values["reason"] = values["reason"].strip()[:200]
    made = Transfer(token=texts.new_token(), due_on=_due(), requested_by_id=by.pk, **values)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            _("This membership is being transferred already. Look in the list of transfers."),
            code="open_transfer",
        ) from error
    audit.record(
        by=by,
        verb="transfer.request",
        target=made,
        to_state=made.state,
        reason=made.reason,
        data={"membership": str(made.membership_id), "kind": made.kind},
    )
    return made


def _due() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=settings.TRANSFER_DAYS)


@transaction.atomic
def consent(
    *,
    by: User | ServiceActor,
    transfer: Transfer,
    confirmation: Confirmation,
    paper: Attachment | None = None,
) -> Transfer:
    """Record the member's yes, by link, in person or on paper; the other side is asked now."""
    _require_one_of(by, Permission.ENROL, transfer)
    changes: dict[str, Any] = {"paper": paper} if paper else {}
    return move(
        transfer,
        "consent",
        by=by,
        confirmation=confirmation,
        consented_at=timezone.now(),
        due_on=_due(),
        **changes,
    )


def _require_one_of(by: User | ServiceActor, permission: Permission, transfer: Transfer) -> None:
    """Either side may bring the member's paper."""
    if isinstance(by, ServiceActor):
        return
    sides = [pk for pk in (transfer.from_unit_id, transfer.to_unit_id) if pk]
    reached = UnionUnit.objects.visible_to(by, permission).filter(pk__in=sides)
    if not reached.exists():
        require_units(by, permission, sides)


@transaction.atomic
def answer_by_link(*, token: str, agrees: bool) -> Transfer:
    """Take the member's yes or no from the link; the same yes again changes nothing.

    Raises `Refused` (`unknown_link`), `Stale` when the case was closed meanwhile.
    """
    rows = Transfer.objects.select_related("membership__person", "to_unit", "from_unit")
    found = rows.filter(token=token).first()
    if found is None:
        raise Refused(_("This link does not work."), code="unknown_link")
    return answer_self(transfer=found, agrees=agrees, confirmation=Confirmation.SMS_LINK)


def answer_self(*, transfer: Transfer, agrees: bool, confirmation: Confirmation) -> Transfer:
    """Take the member's own yes or no."""
    if agrees and transfer.confirmation != Confirmation.NONE and transfer.closed_at is None:
        return transfer
    if agrees:
        return consent(by=WORKER_SELF, transfer=transfer, confirmation=confirmation)
    return move(transfer, "decline", by=WORKER_SELF, closed_at=timezone.now())


@transaction.atomic
def accept(
    *,
    by: User,
    transfer: Transfer,
    moves_on: dt.date | None = None,
    paper: Attachment | None = None,
) -> Transfer:
    """Agree for the other side, and move the membership when its day has come.

    Raises `Refused` (`moves_on`, `no_paper` when a union outside accepts without its letter),
    `NotAllowed` unless `by` decides for the side that is asked, `Stale`.
    """
    require_units(by, Permission.APPROVE_APPLICATION, [transfer.answering_unit_id])
    day = moves_on or timezone.localdate()
    _check_day(transfer, day)
    changes: dict[str, Any] = {"moves_on": day}
    if transfer.kind == TransferKind.OUTWARD:
        if paper is None:
            raise Refused(_("Add the letter of the other union."), code="no_paper", field="paper")
        changes["paper"] = paper
    move(transfer, "accept", by=by, **changes)
    return finish(transfer=transfer) if day <= timezone.localdate() else transfer


def _check_day(transfer: Transfer, day: dt.date) -> None:
    current = transfer.membership.affiliations.filter(ended_on=None).first()
    first = current.started_on if current else transfer.membership.joined_on
    if not first <= day <= timezone.localdate() + LONGEST_WAIT:
        raise Refused(
            _("The day must lie between %(first)s, when the member came to the old union, and 60 "
              "days from now.") % {"first": first},
            code="moves_on",
            field="moves_on",
        )  # fmt: skip


@transaction.atomic
def finish(*, transfer: Transfer) -> Transfer:
    """Close one affiliation and open the other, once; tell the member."""
    membership = Membership.objects.select_related("unit", "person").get(pk=transfer.membership_id)
    if membership.unit_id != transfer.from_unit_id:
        raise Stale(
            _("The member was moved to another union meanwhile. Nothing was changed."), code="stale"
        )
    day = transfer.moves_on or timezone.localdate()
    # First the case, so that whoever hears of the membership's change finds it closed.
    move(transfer, "finish", by=TRANSFERS, closed_at=timezone.now())
    reason = f"transfer {transfer.pk}"
    if transfer.to_unit is None:
        memberships.close(
            membership=membership, verb="move_away", by=TRANSFERS, ended_on=day, reason=reason
        )
    else:
        memberships.move_to_unit(
            membership=membership,
            unit=transfer.to_unit,
            by=TRANSFERS,
            employer=transfer.employer,
            moved_on=day,
            reason=reason,
        )
    texts.tell_moved(transfer, TRANSFERS)
    return transfer


@transaction.atomic
def refuse(*, by: User, transfer: Transfer, reason: str) -> Transfer:
    """Say no for the other side, with the reason; the member is told."""
    require_units(by, Permission.APPROVE_APPLICATION, [transfer.answering_unit_id])
    return _close(transfer, "refuse", by, reason)


@transaction.atomic
def withdraw(
    *, by: User | ServiceActor, transfer: Transfer, reason: str = "", tell: bool = True
) -> Transfer:
    """Take the request back, by the side that made it; with `tell` the member hears of it."""
    require_units(by, Permission.ENROL, [transfer.asking_unit_id])
    return _close(transfer, "withdraw", by, reason, tell=tell)


def _close(
    transfer: Transfer, verb: str, by: User | ServiceActor, reason: str, *, tell: bool = True
) -> Transfer:
    closed = move(
        transfer, verb, by=by, reason=reason, answer=reason.strip()[:200], closed_at=timezone.now()
    )
    if tell:
        texts.tell_closed(closed, by)
    return closed


@transaction.atomic
def escalate(*, by: User | ServiceActor, transfer: Transfer) -> Transfer:
    """Put the case before the unit above both sides; the asker may do so when the time is over.

    Raises `Refused` (`too_early`, `nobody_above`), `NotAllowed`, `Stale`.
    """
    require_units(by, Permission.ENROL, [transfer.asking_unit_id])
    if transfer.due_on >= timezone.localdate():
        raise Refused(
            _("The other union has time until %(day)s.") % {"day": transfer.due_on},
            code="too_early",
        )
    above = unit_above(transfer)
    if above is None:
        raise Refused(_("No unit stands above both sides."), code="nobody_above")
    return move(transfer, "escalate", by=by, escalated_to=above, due_on=_due())


def unit_above(transfer: Transfer) -> UnionUnit | None:
    """Return the lowest unit above both sides; None when one side is outside."""
    if transfer.from_unit is None or transfer.to_unit is None:
        return None
    one, other = transfer.from_unit.path, transfer.to_unit.path
    step = UnionUnit.steplen
    paths = [one[:end] for end in range(step, len(one), step) if other.startswith(one[:end])]
    above = [path for path in paths if path != other]
    found: UnionUnit | None = UnionUnit.objects.filter(path__in=above).order_by("-path").first()
    return found


def expire(*, by: ServiceActor, transfer: Transfer) -> Transfer:
    """Close a case nobody answered in time."""
    return _close(transfer, "expire", by, "")


def open_of(membership: Membership) -> Transfer | None:
    """Return the open transfer of `membership`, or None."""
    rows = Transfer.objects.filter(membership=membership, closed_at=None)
    return rows.select_related("to_unit", "from_unit", "membership__person").first()
