"""What the page of a batch shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from benefits.models import BankFile, LineSettlement, PayoutBatch, PayoutLine
from benefits.queries.payouts import BatchFigures, batch_figures
from benefits.states.cards import Direction
from benefits.states.payouts import (
    AT_THE_BANK,
    SENT_BATCH,
    BatchState,
    Channel,
    LineState,
    Outcome,
    SettlementState,
)
from benefits.words import problem_rows
from unionportal.core.money import yuan_text
from unionportal.core.roles import Permission, permissions_of
from unionportal.core.transitions import buttons_for

if TYPE_CHECKING:
    from unionportal.core.models import User

L = LineState


@dataclass(frozen=True, slots=True)
class Match:
    """One row of the three-way check: people and fen on the list, in the file, answered."""

    label: str
    people: int
    fen: int
    is_difference: bool = False


@dataclass(frozen=True)
class BatchPage:
    """Everything of a batch but its lines."""

    batch: PayoutBatch
    figures: BatchFigures
    steps: list[dict[str, Any]]
    matches: list[Match]
    verbs: list[str]
    files_out: list[BankFile] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paid(self) -> tuple[int, int]:
        return self.figures.of(L.PAID)

    @property
    def failed(self) -> tuple[int, int]:
        return self.figures.of(L.FAILED, L.RETURNED)

    @property
    def unknown(self) -> tuple[int, int]:
        return self.figures.of(L.UNKNOWN)

    @property
    def waiting(self) -> tuple[int, int]:
        return self.figures.of(L.SENDING, L.SENT)

    @property
    def left_out(self) -> tuple[int, int]:
        return self.figures.of(L.DROPPED)

    @property
    def answered_share(self) -> float:
        return self.paid[0] / self.batch.line_count

    @property
    def first_32(self) -> list[str]:
        digest = self.files_out[0].sha256 if len(self.files_out) == 1 else self.batch.lines_digest
        return [digest[start : start + 4] for start in range(0, 32, 4)] if digest else []


def batch_page(batch: PayoutBatch, user: User) -> BatchPage:
    """Return what the page of `batch` shows to `user`."""
    figures = batch_figures(batch)
    sent = list(batch.files.order_by("number"))
    return BatchPage(
        batch, figures, steps_of(batch, figures), _matches(batch, figures, sent),
        _verbs(batch, user), sent, _files(batch),
    )  # fmt: skip


def to_do(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """Lines somebody must act on: failed, unknown, came back, left out, or marked."""
    ended_badly = [L.FAILED, L.UNKNOWN, L.RETURNED, L.DROPPED]
    return batch.lines.filter(Q(state__in=ended_badly) | ~Q(review=""))


def open_settlements(batch: PayoutBatch) -> QuerySet[LineSettlement]:
    """Decisions about lines that wait for a second person."""
    return (
        LineSettlement.objects.filter(line__batch=batch, state=SettlementState.PROPOSED)
        .select_related("line", "proposed_by", "document")
        .order_by("proposed_at", "pk")
    )


def _verbs(batch: PayoutBatch, user: User) -> list[str]:
    """Return what this person may do to the batch now; never the maker's own approval."""
    held = permissions_of(user)
    verbs = [verb for verb in buttons_for(batch, held) if verb not in SYSTEM_VERBS]
    is_maker = user.person_key is not None and user.person_key == batch.submitted_key
    did_check = user.person_key is not None and user.person_key == batch.approved_key
    barred = {"approve", "release"} if is_maker else {"approve"} if did_check else set()
    kept = [verb for verb in verbs if verb not in barred]
    is_finance = bool({Permission.MAKE_PAYOUT, Permission.CHECK_PAYOUT} & held)
    if is_finance and batch.state in SENT_BATCH:
        kept += SENT_VERBS.get(Channel(batch.channel), ())
        if (
            batch.channel == Channel.BANK_FILE
            and batch.transport == "manual"
            and batch.state == BatchState.RELEASED
        ):
            kept.append("handover")
    return kept


# What finance does with a list that has left, by its way of paying.
SENT_VERBS = {Channel.BANK_FILE: ("download", "upload"), Channel.CASH: ("pay_list",)}
SYSTEM_VERBS = {"check_first", "open_notice", "close_notice", "hand_over", "close", "reopen"}


def _matches(batch: PayoutBatch, figures: BatchFigures, files: list[BankFile]) -> list[Match]:
    everybody = figures.of(*LineState.values)
    rows = [Match(_("On the list"), *everybody)]
    if not files:
        return rows
    sent = figures.of(*AT_THE_BANK, L.PAID, L.FAILED, L.RETURNED)
    ends = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.UNCLEAR]
    said = batch.lines.filter(evidence__source="bank_file", evidence__outcome__in=ends).distinct()
    answered = said.aggregate(people=Count("pk", distinct=True))["people"]
    fen = batch.lines.filter(pk__in=said.values("pk")).aggregate(fen=Sum("amount_fen"))["fen"] or 0
    return [
        *rows,
        Match(_("In the bank's file"), *sent),
        Match(_("Answered by the bank"), answered, fen),
        Match(_("Difference"), sent[0] - answered, sent[1] - fen, is_difference=True),
    ]


def _files(batch: PayoutBatch) -> list[dict[str, Any]]:
    """Return the bank's files about this batch, newest first, with their problems in words."""
    rows = BankFile.objects.filter(direction=Direction.IN, number__in=batch.files.values("number"))
    return [
        {"file": file, "problems": problem_rows(file.problems)}
        for file in rows.select_related("created_by").order_by("-created_at", "-pk")[:20]
    ]


def steps_of(batch: PayoutBatch, figures: BatchFigures) -> list[dict[str, Any]]:
    """Return the steps of a batch with both persons' names."""
    waiting = figures.of(*AT_THE_BANK)[0]
    steps = [
        _step(_("Made"), batch.submitted_by or batch.made_by, batch.submitted_at),
        _step(_("Checked"), batch.approved_by, None if _lacks_second(batch) else batch.approved_at),
        _step(_("Notice"), None, None),
        _step(_("Released"), batch.released_by, batch.released_at),
        _step(_("Reconciled"), None, batch.closed_at),
    ]
    if batch.second_by:
        steps[1]["detail"] += f", {batch.second_by.display_name}"
    elif _lacks_second(batch):
        steps[1]["detail"] += " · " + _("a second checker is needed")
    if batch.notice_until:
        days = batch.programme.notice_days
        text = ngettext("%(days)d working day", "%(days)d working days", days) % {"days": days}
        steps[2]["detail"] = text if days else _("Not needed")
    if batch.state in SENT_BATCH and waiting:
        text = ngettext("%(n)d line to go", "%(n)d lines to go", waiting) % {"n": waiting}
        steps[4]["detail"] = text
    return _mark(batch, steps)


def _lacks_second(batch: PayoutBatch) -> bool:
    return batch.needs_second and batch.second_by is None and batch.approved_by is not None


def _step(name: str, who: User | None, at: Any) -> dict[str, Any]:
    return {"name": name, "detail": who.display_name if who else "", "at": at, "state": "next"}


REACHED = {
    BatchState.DRAFT: 0, BatchState.SUBMITTED: 1, BatchState.APPROVED: 2,
    BatchState.NOTICE_OPEN: 2, BatchState.NOTICE_CLOSED: 3, BatchState.RELEASED: 4,
    BatchState.RECONCILING: 4, BatchState.CLOSED: 5,
}  # fmt: skip


def _mark(batch: PayoutBatch, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    here = REACHED.get(BatchState(batch.state), 0)
    for index, step in enumerate(steps):
        step["state"] = "done" if index < here else "now" if index == here else "next"
    if batch.state in {BatchState.REJECTED, BatchState.CANCELLED}:
        steps = [step for step in steps if step["at"]]
        steps.append({"name": batch.get_state_display(), "detail": batch.stop_reason, "at": None,
                      "state": "now"})  # fmt: skip
    return steps


def sum_in_words(batch: PayoutBatch) -> str:
    """Return "1,726 people × 50.00 yuan" when everybody gets the same."""
    each, rest = divmod(batch.total_fen, batch.line_count)
    if rest:
        return ngettext("%(n)d person", "%(n)d people", batch.line_count) % {"n": batch.line_count}
    return ngettext(
        "%(n)d person × %(yuan)s yuan", "%(n)d people × %(yuan)s yuan", batch.line_count
    ) % {"n": batch.line_count, "yuan": yuan_text(each)}
