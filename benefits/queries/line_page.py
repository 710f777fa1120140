"""Everything that happened to one line, by everybody, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from benefits.models import LineEvidence, PayoutLine, Posting
from benefits.states.payouts import LineState
from unionportal.core import audit
from unionportal.core.models import User
from unionportal.core.money import yuan_text

Entry = dict[str, Any]


def timeline_of(line: PayoutLine) -> list[Entry]:
    """Return what was decided, sent, said, posted and changed about a line, newest first.

    Each entry has `at`, `text`, `note`, `by`; what is of one moment keeps the order of causes.
    """
    found = [*_batch(line), *_sent(line), *_said(line), *_posted(line), *_changed(line)]
    found.sort(key=lambda entry: entry["at"])
    return found[::-1]


def _entry(at: Any, text: str, note: str = "", by: str = "") -> Entry:
    return {"at": at, "text": text, "note": note, "by": by, "url": ""}


def _batch(line: PayoutLine) -> Iterator[Entry]:
    batch = line.batch
    steps = (
        (batch.made_at, _("Put on list %(number)s"), batch.made_by),
        (batch.submitted_at, _("List %(number)s submitted"), batch.submitted_by),
        (batch.approved_at, _("List %(number)s approved"), batch.approved_by),
        (batch.second_at, _("List %(number)s approved by the second checker"), batch.second_by),
        (batch.released_at, _("List %(number)s released"), batch.released_by),
    )
    for at, text, who in steps:
        if at is not None:
            yield _entry(at, text % {"number": batch.number}, by=who.display_name if who else "")


def _sent(line: PayoutLine) -> Iterator[Entry]:
    if line.sending_at:
        note = _("Written down before anything left: order number %(number)s")
        yield _entry(line.sending_at, _("Intention"), note % {"number": line.order_no})
    if line.sent_at:
        yield _entry(line.sent_at, _("Handed to the channel"))


def _said(line: PayoutLine) -> Iterator[Entry]:
    rows = line.evidence.select_related(
        "file", "settlement__proposed_by", "settlement__decided_by", "receipt__recorded_by",
        "receipt__decided_by",
    )  # fmt: skip
    for one in rows.order_by("pk"):
        words = [one.get_source_display(), one.bank_text, one.bank_code, one.bank_serial]
        if one.file:
            words.append(one.file.name)
        who = " + ".join(user.display_name for user in _pair(one) if user)
        text = _("Evidence: %(outcome)s") % {"outcome": one.get_outcome_display()}
        yield _entry(one.recorded_at, text, " · ".join(word for word in words if word), who)


def _pair(one: LineEvidence) -> tuple[User | None, ...]:
    """Return the two people behind a decision or a receipt."""
    if one.settlement:
        return one.settlement.proposed_by, one.settlement.decided_by
    return (one.receipt.recorded_by, one.receipt.decided_by) if one.receipt else ()


def _posted(line: PayoutLine) -> Iterator[Entry]:
    legs = Posting.objects.filter(line=line).select_related("account").order_by("pk")
    into = {leg.transfer: leg.account.get_pot_display() for leg in legs if leg.amount_fen > 0}
    for leg in legs:
        if leg.amount_fen < 0:
            words = {"kind": leg.get_kind_display(), "yuan": yuan_text(-leg.amount_fen)}
            way = f"{leg.account.get_pot_display()} → {into.get(leg.transfer, '')}"
            yield _entry(leg.posted_at, _("Posted: %(kind)s, %(yuan)s yuan") % words, way)


def _changed(line: PayoutLine) -> Iterator[Entry]:
    names = dict(LineState.choices)
    for event in audit.events_about(line).order_by("id"):
        states = (names.get(event.from_state, event.from_state),
                  names.get(event.to_state, event.to_state))  # fmt: skip
        text = _("State: %(old)s → %(new)s") % {"old": states[0], "new": states[1]}
        yield _entry(event.at, text, event.reason, event.actor_label)
