"""The state of a line is a pure function of the set of things said about it.

Neither the order nor the repetition of evidence matters (security.md section 3, I6 and I7).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from benefits.states.payouts import EvidenceSource, LineState, Outcome, Reason


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of evidence. `serial` is the bank's number of the payment, if it paid."""

    source: str
    outcome: str
    reason: str = ""
    code: str = ""
    text: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence amounts to; `state` None = nothing said yet."""

    state: LineState | None
    reason: str = ""
    code: str = ""
    text: str = ""
    serial: str = ""
    is_contested: bool = False
    is_paid_twice: bool = False


NOTHING = Finding(None)
STATE_OF = {
    Outcome.SUCCESS: LineState.PAID,
    Outcome.FAILURE: LineState.FAILED,
    Outcome.UNCLEAR: LineState.UNKNOWN,
    Outcome.RETURNED: LineState.RETURNED,
    Outcome.ACCEPTED: LineState.SENT,
    Outcome.AWAITING: LineState.AWAITING_PAYEE,
}
# What weighs more comes first: an end over everything, and knowing that the channel has the order
# over a reply nobody understood. Silence is only noted when the term is over, so it weighs more
# than what was known before.
RANKS = (Outcome.SUCCESS, Outcome.FAILURE)
LESSER_RANKS = (Outcome.AWAITING, Outcome.ACCEPTED, Outcome.UNCLEAR)


def find(said: Collection[Said]) -> Finding:
    """Return the state that follows from `said`: two people decide over the bank, the bank over
    silence; paid and not paid together is unknown and needs a person."""
    decided = [item for item in said if item.source == EvidenceSource.DECISION]
    weighed = decided or list(said)
    outcomes = {item.outcome for item in weighed}
    serials = {item.serial for item in said if item.outcome == Outcome.SUCCESS and item.serial}
    is_paid_twice = len(serials) > 1
    if Outcome.RETURNED in outcomes and (decided or Outcome.SUCCESS in outcomes):
        return _finding(weighed, Outcome.RETURNED, is_paid_twice)
    if {Outcome.SUCCESS, Outcome.FAILURE} <= outcomes:
        return Finding(LineState.UNKNOWN, Reason.CONTRADICTION, is_contested=True,
                       is_paid_twice=is_paid_twice)  # fmt: skip
    for outcome in RANKS:
        if outcome in outcomes:
            return _finding(weighed, outcome, is_paid_twice)
    silent = [item for item in weighed if item.source == EvidenceSource.SILENCE]
    if any(item.outcome == Outcome.UNCLEAR for item in silent):
        return _finding(silent, Outcome.UNCLEAR, is_paid_twice)
    for outcome in LESSER_RANKS:
        if outcome in outcomes:
            return _finding(weighed, outcome, is_paid_twice)
    # A return of something nobody reported as paid: only a person can tell.
    return Finding(LineState.UNKNOWN, Reason.UNKNOWN_TEXT) if outcomes else NOTHING


def _finding(weighed: Collection[Said], outcome: Outcome, is_paid_twice: bool) -> Finding:
    # The smallest by content, so that the order of arrival does not choose the words shown.
    first = min(
        (item for item in weighed if item.outcome == outcome),
        key=lambda item: (item.source, item.reason, item.code, item.text, item.serial),
    )
    return Finding(
        STATE_OF[outcome], first.reason, first.code, first.text, first.serial,
        is_paid_twice=is_paid_twice,
    )  # fmt: skip
