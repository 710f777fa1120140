"""What waits for whom in money matters: one look for maker, checker, finance and officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from benefits.models import (
    BankFile,
    BudgetChange,
    Difference,
    Entitlement,
    LineSettlement,
    Objection,
    PayeeAccount,
    PayoutBatch,
    PayoutLine,
    SendingLock,
)
from benefits.states.cards import AccountState, Direction, FileKind, FileState, Transport
from benefits.states.matching import DifferenceState
from benefits.states.notices import ObjectionState
from benefits.states.payouts import BatchState, LineState, SettlementState
from unionportal.core.roles import Permission, permissions_of

if TYPE_CHECKING:
    from benefits.models.payouts import PayoutBatchQuerySet
    from unionportal.core.models import User

P, B = Permission, BatchState
FINANCE = frozenset({P.MAKE_PAYOUT, P.CHECK_PAYOUT})
MAKER, CHECKER = frozenset({P.MAKE_PAYOUT}), frozenset({P.CHECK_PAYOUT})
OFFICER = frozenset({P.MANAGE_PROGRAMMES})
CARD_OFFICER = frozenset({P.MANAGE_CARDS})
WHO: dict[frozenset[Permission], str | Promise] = {
    MAKER: _("Finance maker"), CHECKER: _("Finance checker"),
    FINANCE: _("Maker or checker"), OFFICER: _("District officer"),
    CARD_OFFICER: _("District officer"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work: what, whose turn, where. `at` is when one of it began to wait."""

    code: str
    words: str | Promise
    who: frozenset[Permission]
    page: str
    at: str
    query: str = ""
    fen: str = ""
    # The person who may not do the second half: this one's first half was his or hers.
    first_key: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many of one kind of work; `oldest` is None and `fen` 0 where nothing says it."""

    work: Work
    count: int
    oldest: datetime | None
    fen: int
    is_mine: bool

    @property
    def who(self) -> str | Promise:
        """Whose turn it is: a role, or another person of it."""
        if not self.is_mine and self.work.first_key:
            return _("Another person with this right")
        return WHO[self.work.who]

    @property
    def url(self) -> str:
        return reverse(self.work.page) + self.work.query


LISTS, MATCH = "benefits:batch-list", "benefits:match-list"
BATCHES = {
    Work("draft", _("Drafts to submit"), MAKER, LISTS, "made_at", "?state=draft", "total_fen"):
        Q(state=B.DRAFT),
    Work("check", _("Lists to check"), CHECKER, LISTS, "submitted_at", "?state=submitted",
         "total_fen"): Q(state=B.SUBMITTED, approved_by=None),
    Work("second", _("Lists for the second checker"), CHECKER, LISTS, "approved_at",
         "?state=submitted", "total_fen", "approved_key"):
        Q(state=B.SUBMITTED, approved_by__isnull=False),
    Work("release", _("Lists to release"), CHECKER, LISTS, "approved_at",
         "?state=notice_closed", "total_fen"): Q(state=B.NOTICE_CLOSED),
}  # fmt: skip
OBJECTIONS = {
    Work("objection", _("Objections to answer"), OFFICER, LISTS, "raised_at", "?waits=objection"):
        Q(state=ObjectionState.OPEN, batch__state=B.NOTICE_OPEN),
}  # fmt: skip
FILES = {
    Work("file_out", _("Files to carry to the bank"), FINANCE, LISTS, "created_at",
         "?state=released"):
        Q(kind=FileKind.PAYOUT_REQUEST, direction=Direction.OUT, state=FileState.READY,
          transport=Transport.MANUAL),
    Work("file_in", _("Answers of the bank to confirm"), FINANCE, LISTS, "created_at",
         "?waits=file", first_key="brought_key"):
        Q(kind=FileKind.PAYOUT_RESULT, state=FileState.HELD),
    Work("statement", _("Bank statements to confirm"), FINANCE, MATCH, "created_at",
         first_key="brought_key"): Q(kind=FileKind.STATEMENT, state=FileState.HELD),
    Work("file_apart", _("Files of the bank that do not fit"), FINANCE, LISTS, "created_at",
         "?waits=file"): Q(kind=FileKind.PAYOUT_RESULT, state=FileState.QUARANTINED),
}  # fmt: skip
LINES = {
    Work("unknown", _("Payments whose end nobody knows"), FINANCE, LISTS, "sending_at",
         "?waits=unknown", "amount_fen"): Q(state=LineState.UNKNOWN),
}  # fmt: skip
SETTLEMENTS = {
    Work("settlement", _("Decisions on payments to confirm"), FINANCE, LISTS, "proposed_at",
         "?waits=decision", "line__amount_fen", "proposed_key"): Q(state=SettlementState.PROPOSED),
}  # fmt: skip
DIFFERENCES = {
    Work("difference", _("Differences to explain"), FINANCE, MATCH, "found_at"):
        Q(state=DifferenceState.OPEN),
    Work("explained", _("Explained differences to confirm"), FINANCE, MATCH, "proposed_at",
         first_key="proposed_key"): Q(state=DifferenceState.PROPOSED),
}  # fmt: skip
BUDGETS = {
    Work("budget", _("Higher budgets to agree to"), CHECKER, "benefits:ledger", "proposed_at",
         "", "to_fen", "proposed_key"): Q(),
}  # fmt: skip
LOCKS = {
    Work("lock", _("Payments held back since a restore"), FINANCE, MATCH, "locked_at"):
        Q(lifted_at=None),
}  # fmt: skip
RIGHTS = {
    Work("review", _("Rights a person must look at"), FINANCE, "benefits:entitlement-list",
         "created_at", "?review=on", "amount_fen"): ~Q(review=""),
}  # fmt: skip
ACCOUNTS = {
    Work("account", _("Account changes to confirm"), CARD_OFFICER, "benefits:payee-list",
         "created_at", first_key="created_by__person_key"): Q(state=AccountState.HELD),
}  # fmt: skip


def waiting(user: User) -> list[Waiting]:
    """Return all money work that waits, in the order of a payout; one query a table."""
    sources: tuple[tuple[QuerySet[Any], dict[Work, Q]], ...] = (
        (PayoutBatch.objects.visible_to(user), BATCHES),
        (Objection.objects.visible_to(user), OBJECTIONS),
        (_files(user), FILES),
        (PayoutLine.objects.visible_to(user), LINES),
        (LineSettlement.objects.filter(line__in=PayoutLine.objects.visible_to(user)), SETTLEMENTS),
        (Difference.objects.visible_to(user), DIFFERENCES),
        (BudgetChange.objects.visible_to(user).waiting(), BUDGETS),
        (SendingLock.objects.visible_to(user), LOCKS),
        (PayeeAccount.objects.visible_to(user).typed(), ACCOUNTS),
        (Entitlement.objects.visible_to(user), RIGHTS),
    )
    held = permissions_of(user)
    return [one for rows, works in sources for one in _counted(user, held, rows, works)]


def _files(user: User) -> QuerySet[BankFile]:
    """Files about payouts, of whoever may see payouts."""
    kinds = [FileKind.PAYOUT_REQUEST, FileKind.PAYOUT_RESULT, FileKind.STATEMENT]
    states = [FileState.READY, FileState.HELD, FileState.QUARANTINED]
    rows = BankFile.objects.filter(kind__in=kinds, state__in=states)
    return rows if P.VIEW_MONEY in permissions_of(user) else rows.none()


def _counted(
    user: User, held: frozenset[Permission], rows: QuerySet[Any], works: dict[Work, Q]
) -> list[Waiting]:
    """Count each kind of work of one table, apart what this person may do and what not."""
    parts: list[tuple[Work, bool, Q]] = []
    for work, fits in works.items():
        may = bool(work.who & held)
        own = Q(**{work.first_key: user.person_key}) if work.first_key and may else None
        if own is not None and user.person_key is not None:
            parts += [(work, True, fits & ~own), (work, False, fits & own)]
        else:
            parts.append((work, may, fits))
    wanted: dict[str, Any] = {}
    anything = Q()
    for place, (work, _mine, fits) in enumerate(parts):
        anything |= fits
        wanted[f"count_{place}"] = Count("pk", filter=fits)
        wanted[f"oldest_{place}"] = Min(work.at, filter=fits)
        if work.fen:
            wanted[f"fen_{place}"] = Sum(work.fen, filter=fits)
    found = rows.order_by().filter(anything).aggregate(**wanted)
    return [
        Waiting(work, found[f"count_{place}"], found[f"oldest_{place}"],
                found.get(f"fen_{place}") or 0, mine)
        for place, (work, mine, _fits) in enumerate(parts)
        if found[f"count_{place}"]
    ]  # fmt: skip


def lists_waiting(rows: PayoutBatchQuerySet, waits: str) -> PayoutBatchQuerySet:
    """Narrow lists to those with lines of unknown end, decisions or answers that wait."""
    lines = PayoutLine.objects.order_by()
    if waits == "unknown":
        return rows.filter(pk__in=lines.filter(state=LineState.UNKNOWN).values("batch"))
    if waits == "decision":
        proposed = lines.filter(settlements__state=SettlementState.PROPOSED)
        return rows.filter(pk__in=proposed.values("batch"))
    if waits == "objection":
        return rows.filter(pk__in=Objection.objects.waiting().values("batch"), state=B.NOTICE_OPEN)
    if waits == "file":
        states = [FileState.HELD, FileState.QUARANTINED]
        files = BankFile.objects.filter(kind=FileKind.PAYOUT_RESULT, state__in=states)
        return rows.filter(files__number__in=files.values("number")).distinct()
    return rows
