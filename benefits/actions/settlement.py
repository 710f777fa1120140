"""End an unknown line, or record money that came back: two people and a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits.actions.lines import NewEvidence, add_evidence, lock_lists, settle
from benefits.actions.rights import finance_person
from benefits.models import LineSettlement, PayoutLine
from benefits.states.payouts import EvidenceSource, LineState, Outcome, Reason
from unionportal.core import audit
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.models import Attachment, User

# What two people may say about a line in a state.
POSSIBLE = {
    LineState.UNKNOWN: (Outcome.SUCCESS, Outcome.FAILURE, Outcome.RETURNED),
    LineState.PAID: (Outcome.RETURNED,),
}


@transaction.atomic
def propose(
    *, by: User, line: PayoutLine, outcome: str, note: str, document: Attachment
) -> LineSettlement:
    """Say how a line ended, with a document, for a second person to confirm.

    Raises `NotAllowed`, `Refused` when this cannot be said about the line's state or one waits.
    """
    key = finance_person(by)
    locked = PayoutLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
    if outcome not in POSSIBLE.get(LineState(locked.state), ()):
        raise Refused(
            _("A line that is “%(state)s” cannot be settled like this.")
            % {"state": locked.get_state_display()},
            code="not_possible",
            field="outcome",
        )
    if len(note.strip()) < 4:
        raise Refused(_("Write what the document shows."), code="note_needed", field="note")
    try:
        with transaction.atomic():
            settlement = LineSettlement.objects.create(
                line=line, outcome=outcome, note=note.strip()[:200], document=document,
                proposed_by=by, proposed_key=key,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("A decision on this line waits for a second person."), code="one_waits"
        ) from error
    audit.record(by=by, verb="line_settlement.propose", target=settlement, reason=note[:200],
                 data={"line": str(line.pk), "outcome": outcome})  # fmt: skip
    return settlement


@transaction.atomic
def confirm(*, by: User, settlement: LineSettlement) -> LineSettlement:
    """Confirm what another person said; the line ends by it. Raises `NotAllowed`, `Stale`."""
    key = finance_person(by)
    lock_lists([settlement.line_id])
    line = PayoutLine.objects.select_for_update(of=("self",)).get(pk=settlement.line_id)
    if key == settlement.proposed_key:
        raise NotAllowed(_("You proposed this. Another person must confirm it."), code="own")
    if settlement.outcome not in POSSIBLE.get(LineState(line.state), ()):
        raise Stale(_("The bank has answered meanwhile. Look again before you act."), code="stale")
    move(settlement, "confirm", by=by, decided_by=by, decided_key=key, decided_at=timezone.now())
    said = NewEvidence(
        line_id=line.pk, source=EvidenceSource.DECISION, event_id=str(settlement.pk),
        told=(settlement.outcome, settlement.document.sha256), outcome=settlement.outcome,
        reason=Reason.SETTLED_BY_HAND, settlement_id=settlement.pk,
    )  # fmt: skip
    add_evidence([said])
    settle([line.pk], by=by)
    return settlement


@transaction.atomic
def decline(*, by: User, settlement: LineSettlement, reason: str) -> LineSettlement:
    """Refuse what another person said, with a reason. Raises `NotAllowed`, `Stale`."""
    key = finance_person(by)
    return move(settlement, "decline", by=by, reason=reason, decided_by=by, decided_key=key,
                decided_at=timezone.now())  # fmt: skip
