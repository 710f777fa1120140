"""Move money between the accounts of a budget (its own, its programmes', their channels').

Every change of an entitlement's or a line's state that moves money posts it here, in the same
transaction. However many rows move, it is a handful of statements. `proofs` compares what is
written apart: postings, balances, budgets, states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from benefits import proofs
from benefits.models import Account, Budget, BudgetChange, Pot, TransferKind
from unionportal.core.errors import Refused
from unionportal.core.ids import NEW_ID_SQL

# Which column of the budget counts a pot's money; the others are derived.
COUNTED_IN = {Pot.RESERVED: "reserved_fen", Pot.IN_FLIGHT: "reserved_fen", Pot.PAID: "paid_fen"}
BANK_FILE = "bank_file"


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount that moves, and for whom."""

    amount_fen: int
    entitlement_id: UUID | None = None
    line_id: UUID | None = None


def open_budget(*, code: str, total_fen: int) -> Budget:
    """Make a budget and post its total into the free pot."""
    budget = Budget.objects.create(code=code, total_fen=total_fen)
    if total_fen:
        post(budget.pk, TransferKind.GRANT, Pot.FUNDS, Pot.FREE, [Amount(total_fen)])
    return budget


def raise_total(change: BudgetChange) -> None:
    """Raise a total as two people agreed in this transaction; the database refuses all else."""
    Budget.objects.filter(pk=change.budget_id).update(total_fen=change.to_fen)
    more = Amount(change.to_fen - change.from_fen)
    post(change.budget_id, TransferKind.GRANT, Pot.FUNDS, Pot.FREE, [more])


def lower_total(budget: Budget, total_fen: int) -> int:
    """Set a lower total and return the one before; raise `Refused` below what is promised or paid.

    A total that is not lower is refused as well: it takes two people (`actions.budgets`).
    """
    locked = Budget.objects.select_for_update().get(pk=budget.pk)
    if total_fen >= locked.total_fen:
        raise Refused(_("That is not less than the budget has."), code="budget", field="budget")
    if total_fen < locked.used_fen:
        raise Refused(
            _("More than this is reserved or paid already."), code="budget_used", field="budget"
        )
    Budget.objects.filter(pk=budget.pk).update(total_fen=total_fen)
    less = Amount(locked.total_fen - total_fen)
    post(budget.pk, TransferKind.GRANT, Pot.FREE, Pot.FUNDS, [less])
    return int(locked.total_fen)


def take(budget_id: UUID, amount_fen: int, wanted: int) -> int:
    """Reserve room for up to `wanted` times `amount_fen`; return how many fit.

    One conditional UPDATE decides, so that any number of officers at once never exceed the budget
    (security.md section 3, I9). When not all fit, the row is locked and the rest is counted.
    """
    if wanted <= 0:
        return 0
    if _reserve(budget_id, amount_fen * wanted):
        return wanted
    budget = Budget.objects.select_for_update().get(pk=budget_id)
    fitting = min(wanted, budget.free_fen // amount_fen)
    return fitting if fitting > 0 and _reserve(budget_id, amount_fen * fitting) else 0


def _reserve(budget_id: UUID, fen: int) -> bool:
    room = Budget.objects.filter(
        pk=budget_id, total_fen__gte=F("reserved_fen") + F("paid_fen") + fen
    )
    return room.update(reserved_fen=F("reserved_fen") + fen) == 1


def shift(
    budget_id: UUID,
    kind: TransferKind,
    source: Pot,
    target: Pot,
    sums: Sequence[Amount],
    *,
    channel: str = BANK_FILE,
) -> None:
    """Post a movement between pots and bring the budget's counters along.

    The programme is the entitlement's, the channel the line's batch's, or `channel` without a line.
    """
    if sums and source != target:
        shift_set(budget_id, kind, source, target, SUMS, {**_arrays(sums), "channel": channel})


def shift_set(
    budget_id: UUID,
    kind: TransferKind,
    source: Pot,
    target: Pot,
    rows: str,
    values: Mapping[str, Any],
) -> tuple[int, int]:
    """Post one movement for each row of a SELECT and bring the counters along: three statements.

    `rows` is SQL that gives (amount_fen, entitlement_id, line_id, programme_id, channel), all of
    this budget; `values` its named parameters. Return how many moved and how many fen.
    """
    count, fen = post_set(budget_id, kind, source, target, rows, values)
    changes: dict[str, int] = {}
    for pot, sign in ((source, -1), (target, 1)):
        if column := COUNTED_IN.get(pot):
            changes[column] = changes.get(column, 0) + sign * fen
    counted = {column: F(column) + change for column, change in changes.items() if change}
    if counted:
        Budget.objects.filter(pk=budget_id).update(**counted)
    return count, fen


def post(
    budget_id: UUID, kind: TransferKind, source: Pot, target: Pot, sums: Sequence[Amount]
) -> None:
    """Write both legs of each movement; its counters are moved by whoever calls this."""
    post_set(budget_id, kind, source, target, SUMS, {**_arrays(sums), "channel": BANK_FILE})


def post_set(
    budget_id: UUID,
    kind: TransferKind,
    source: Pot,
    target: Pot,
    rows: str,
    values: Mapping[str, Any],
) -> tuple[int, int]:
    """Write both legs of a movement for each row, as `shift_set` takes them; the accounts follow.

    The database refuses the statement when a transfer does not balance or an account would be
    overdrawn.
    """
    own: dict[str, Any] = dict(values)
    own |= {"kind": kind, "source": source, "target": target, "budget": budget_id}
    with connection.cursor() as cursor:
        for statement in (OPEN, POST):
            cursor.execute(
                statement.format(rows=rows, new_id=NEW_ID_SQL, legs=LEGS, owner=OWNER, way=WAY), own
            )
        count, fen = cursor.fetchone()
    return int(count), int(fen)


def _arrays(sums: Sequence[Amount]) -> dict[str, Any]:
    return {
        "fen": [item.amount_fen for item in sums],
        "rights": [item.entitlement_id for item in sums],
        "lines": [item.line_id for item in sums],
    }


SUMS = """
    SELECT i.amount_fen, i.entitlement_id, i.line_id, e.programme_id, %(channel)s AS channel
    FROM unnest(%(fen)s::bigint[], %(rights)s::uuid[], %(lines)s::uuid[])
        AS i (amount_fen, entitlement_id, line_id)
    LEFT JOIN benefits_entitlement e ON e.id = i.entitlement_id"""
# The two accounts a row touches, by the rule of `Account`.
LEGS = """(VALUES (%(source)s, -1), (%(target)s, 1)) AS leg (pot, sign)"""
OWNER = """CASE WHEN leg.pot NOT IN ('funds', 'free') THEN i.programme_id END"""
WAY = """CASE WHEN leg.pot IN ('in_flight', 'paid') THEN i.channel ELSE '' END"""
OPEN = """
INSERT INTO benefits_account (id, budget_id, programme_id, channel, pot, balance_fen)
SELECT {new_id}, %(budget)s, owner, way, pot, 0
FROM (SELECT DISTINCT {owner} AS owner, {way} AS way, leg.pot
      FROM (SELECT DISTINCT programme_id, channel FROM ({rows}) AS r) AS i
      CROSS JOIN {legs}) AS wanted
WHERE NOT EXISTS (
    SELECT 1 FROM benefits_account a WHERE a.budget_id = %(budget)s AND a.pot = wanted.pot
        AND a.programme_id IS NOT DISTINCT FROM owner AND a.channel = way)
ON CONFLICT DO NOTHING"""
POST = """
WITH item AS MATERIALIZED (SELECT {new_id} AS transfer, r.* FROM ({rows}) AS r),
side AS MATERIALIZED (
    SELECT DISTINCT i.programme_id, i.channel, leg.sign, a.id AS account_id
    FROM (SELECT DISTINCT programme_id, channel FROM item) AS i CROSS JOIN {legs}
    JOIN benefits_account a ON a.budget_id = %(budget)s AND a.pot = leg.pot
        AND a.programme_id IS NOT DISTINCT FROM {owner} AND a.channel = {way}),
legs AS (
    INSERT INTO benefits_posting (transfer, kind, account_id, amount_fen, entitlement_id, line_id)
    SELECT i.transfer, %(kind)s, side.account_id, side.sign * i.amount_fen, i.entitlement_id,
        i.line_id
    FROM item i JOIN side ON side.channel = i.channel
        AND side.programme_id IS NOT DISTINCT FROM i.programme_id
    RETURNING amount_fen)
SELECT count(*), coalesce(sum(amount_fen), 0) FROM legs WHERE amount_fen > 0"""


def balances(budget: Budget) -> dict[str, int]:
    """Return the fen in each pot of a budget; funds are shown below nothing."""
    found = (
        Account.objects.filter(budget=budget)
        .order_by()
        .values("pot")
        .annotate(fen=Sum("balance_fen"))
        .values_list("pot", "fen")
    )
    return dict.fromkeys(Pot, 0) | dict(found)


def check() -> list[proofs.Difference]:
    """Return everything on which postings, balances, budgets, rights and lines disagree."""
    return proofs.check()
