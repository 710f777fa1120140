"""The books from the top down: budget, programme, list, line, the bank's own line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.utils.translation import gettext as _

from benefits.models import (
    Account,
    BooksCheck,
    Budget,
    BudgetChange,
    Entitlement,
    LineEvidence,
    PayoutBatch,
    PayoutLine,
    Pot,
    Programme,
    RecordLine,
)
from benefits.states.matching import RecordSource
from benefits.states.payouts import AT_THE_BANK, Benefit, Channel, LineState, Outcome
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from unionportal.core.models import User

L = LineState
# What an account may be paid out by: a channel, or a form that is no money.
WAYS = dict(Channel.choices) | dict(Benefit.choices)


@dataclass(frozen=True, slots=True)
class Equality:
    """Two sums that must be one; in fen."""

    label: str
    books_fen: int
    found_fen: int

    @property
    def holds(self) -> bool:
        return self.books_fen == self.found_fen


@dataclass(frozen=True, slots=True)
class Sums:
    """Payments and fen of some lines, by where they are."""

    paid: tuple[int, int] = (0, 0)
    at_the_bank: tuple[int, int] = (0, 0)
    not_paid: tuple[int, int] = (0, 0)
    not_sent: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class ProofRow:
    """A line and what proves it: the answer that ended it, its place on a bank statement."""

    line: PayoutLine
    said: LineEvidence | None = None
    records: Sequence[RecordLine] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Say how well it is proven: "statement", "answer", "open", "differs" or ""."""
        out = [one for one in self.records if not one.is_return]
        back = len(self.records) - len(out)
        if self.line.state == L.PAID:
            fits = len(out) - back == 1 and out[0].amount_fen == self.line.amount_fen
            return "statement" if fits else "differs" if self.records else "answer"
        if self.line.state in AT_THE_BANK:
            return "open"
        return "differs" if len(out) > back else ""


def waiting_change(budget: Budget) -> BudgetChange | None:
    """Return the higher total of a budget that waits for a second person, if any."""
    return budget.changes.waiting().select_related("proposed_by").first()


def changes_waiting(user: User) -> int:
    """Return how many higher budgets wait for this person to agree."""
    if user.person_key is None or not has_permission(user, Permission.CHECK_PAYOUT):
        return 0
    rows = BudgetChange.objects.visible_to(user).waiting()
    return rows.exclude(proposed_key=user.person_key).count()


def last_check() -> BooksCheck | None:
    """Return the last comparison of the books, if there was any."""
    return BooksCheck.objects.order_by("-ended_at", "-pk").first()


def pots_of(budget_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """Return the fen in each pot of some budgets; one query."""
    found: dict[UUID, dict[str, int]] = {pk: dict.fromkeys(Pot, 0) for pk in budget_ids}
    rows = Account.objects.filter(budget__in=found).order_by().values_list("budget", "pot")
    for budget, pot, fen in rows.annotate(fen=Sum("balance_fen")):
        found[budget][pot] = fen
    return found


def accounts_of(budget: Budget) -> list[Account]:
    """Return a budget's accounts in the order money goes through them."""
    order = {pot: place for place, pot in enumerate(Pot)}
    return sorted(budget.accounts.all(), key=lambda one: (order[Pot(one.pot)], one.channel))


def account_name(account: Account) -> str:
    """Return what an account is called, such as "Paid · Bank file"."""
    way = f" · {WAYS.get(account.channel, account.channel)}" if account.channel else ""
    return f"{Pot(account.pot).label}{way}"


def equalities(programme: Programme, pots: dict[str, int]) -> list[Equality]:
    """Return the sums of a budget that the rights and the lines must repeat; two queries."""
    rights = dict(
        Entitlement.objects.filter(programme=programme)
        .order_by()
        .values("state")
        .annotate(fen=Sum("amount_fen"))
        .values_list("state", "fen")
    )
    parts = (Pot.FREE, Pot.RESERVED, Pot.IN_FLIGHT, Pot.PAID)
    given = rights.get("paid", 0) + rights.get("overpaid", 0)
    found = [
        Equality(_("The parts together are the budget"), programme.budget.total_fen,
                 sum(pots[pot] for pot in parts)),
        Equality(_("Rights that have their money reserved"), pots[Pot.RESERVED],
                 rights.get("reserved", 0)),
        Equality(_("Rights that are paid"), pots[Pot.PAID], given),
    ]  # fmt: skip
    if programme.benefit == Benefit.CASH:
        sums = sums_of(PayoutLine.objects.filter(batch__programme=programme))
        found += [
            Equality(_("Lines with the bank"), pots[Pot.IN_FLIGHT], sums.at_the_bank[1]),
            Equality(_("Lines that are paid"), pots[Pot.PAID], sums.paid[1]),
        ]
    return found


def sums_of(lines: QuerySet[PayoutLine]) -> Sums:
    """Return what some lines amount to; one query."""
    rows = lines.order_by().values("state").annotate(n=Count("pk"), fen=Sum("amount_fen"))
    return _sums(rows.values_list("state", "n", "fen"))


def sums_by_batch(batches: Iterable[PayoutBatch]) -> dict[UUID, Sums]:
    """Return what the lines of each batch amount to; one query."""
    rows = PayoutLine.objects.filter(batch__in=list(batches)).order_by().values("batch", "state")
    found: dict[UUID, list[Any]] = defaultdict(list)
    for batch, state, count, fen in rows.annotate(n=Count("pk"), fen=Sum("amount_fen")).values_list(
        "batch", "state", "n", "fen"
    ):
        found[batch].append((state, count, fen))
    return {batch: _sums(parts) for batch, parts in found.items()}


def _sums(rows: Iterable[tuple[str, int, int]]) -> Sums:
    parts = list(rows)

    def of(*states: str) -> tuple[int, int]:
        chosen = [(count, fen) for state, count, fen in parts if state in states]
        return sum(count for count, _fen in chosen), sum(fen for _count, fen in chosen)

    return Sums(
        paid=of(L.PAID), at_the_bank=of(*AT_THE_BANK), not_paid=of(L.FAILED, L.RETURNED),
        not_sent=of(L.PLANNED, L.APPROVED, L.DROPPED),
    )  # fmt: skip


def unproven(lines: QuerySet[PayoutLine]) -> QuerySet[PayoutLine]:
    """Paid lines that no bank statement or channel's bill shows yet."""
    shown = RecordLine.objects.filter(order_no=OuterRef("order_no"), is_return=False)
    return lines.filter(~Exists(shown), state=L.PAID)


def proof_rows(lines: Sequence[PayoutLine]) -> list[ProofRow]:
    """Return what proves each of these lines; two queries however many."""
    said: dict[UUID, LineEvidence] = {}
    rows = LineEvidence.objects.filter(line__in=lines).select_related("file").order_by("pk")
    for one in rows:
        is_end = one.outcome in {Outcome.SUCCESS, Outcome.FAILURE, Outcome.RETURNED}
        if is_end or one.line_id not in said:
            said[one.line_id] = one
    records: dict[str, list[RecordLine]] = defaultdict(list)
    for record in statement_lines([line.order_no for line in lines]):
        records[record.order_no].append(record)
    return [ProofRow(line, said.get(line.pk), records[line.order_no]) for line in lines]


def statement_lines(order_numbers: Sequence[str]) -> QuerySet[RecordLine]:
    """Lines of bank statements and bills that name these orders; a bill's only without a statement.

    An order that left once stands on one statement, and on its channel's bill as well.
    """
    rows = RecordLine.objects.filter(order_no__in=order_numbers, order_no__gt="")
    on_statement = rows.filter(order_no=OuterRef("order_no"), record__source=RecordSource.STATEMENT)
    kept = rows.filter(record__source=RecordSource.STATEMENT) | rows.filter(~Exists(on_statement))
    return kept.select_related("record").order_by("at", "pk")
