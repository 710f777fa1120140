"""Move money between the pots of a budget, and prove that the books agree with the states.

Every change of an entitlement's or a line's state that moves money posts it here, in the same
transaction. `check` compares three things that are written apart: postings, budgets, states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from benefits.models import Account, Budget, Posting, Pot, TransferKind
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id

# Which column of the budget counts a pot's money; the others are derived.
COUNTED_IN = {Pot.RESERVED: "reserved_fen", Pot.IN_FLIGHT: "reserved_fen", Pot.PAID: "paid_fen"}
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount that moves, and for whom."""

    amount_fen: int
    entitlement_id: UUID | None = None
    line_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something on which books and states disagree: a code, the id it concerns, what was found."""

    code: str
    subject: str
    found: str


def open_budget(*, code: str, total_fen: int) -> Budget:
    """Make a budget with its accounts and post its total into the free pot."""
    budget = Budget.objects.create(code=code, total_fen=total_fen)
    Account.objects.bulk_create(
        Account(code=f"{code}:{pot}", budget=budget, pot=pot) for pot in Pot
    )
    if total_fen:
        post(budget.pk, TransferKind.GRANT, Pot.FUNDS, Pot.FREE, [Amount(total_fen)])
    return budget


def change_total(budget: Budget, total_fen: int) -> None:
    """Set another total; raise `Refused` when more than that is promised or paid already."""
    locked = Budget.objects.select_for_update().get(pk=budget.pk)
    if total_fen < locked.reserved_fen + locked.paid_fen:
        raise Refused(
            _("More than this is reserved or paid already."), code="budget_used", field="budget"
        )
    change = total_fen - locked.total_fen
    Budget.objects.filter(pk=budget.pk).update(total_fen=total_fen)
    if change > 0:
        post(budget.pk, TransferKind.GRANT, Pot.FUNDS, Pot.FREE, [Amount(change)])
    elif change < 0:
        post(budget.pk, TransferKind.GRANT, Pot.FREE, Pot.FUNDS, [Amount(-change)])


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
    budget_id: UUID, kind: TransferKind, source: Pot, target: Pot, sums: Sequence[Amount]
) -> None:
    """Post a movement between pots and bring the budget's counters along."""
    if not sums or source == target:
        return
    fen = sum(item.amount_fen for item in sums)
    changes: dict[str, int] = {}
    for pot, sign in ((source, -1), (target, 1)):
        if column := COUNTED_IN.get(pot):
            changes[column] = changes.get(column, 0) + sign * fen
    values = {column: F(column) + change for column, change in changes.items() if change}
    if values:
        Budget.objects.filter(pk=budget_id).update(**values)
    post(budget_id, kind, source, target, sums)


def post(
    budget_id: UUID, kind: TransferKind, source: Pot, target: Pot, sums: Sequence[Amount]
) -> None:
    """Write both legs of each movement; the database checks at commit that they sum to nothing."""
    accounts = dict(Account.objects.filter(budget_id=budget_id).values_list("pot", "pk"))
    postings = []
    for item in sums:
        transfer = new_id()
        for pot, sign in ((source, -1), (target, 1)):
            postings.append(
                Posting(
                    transfer=transfer,
                    kind=kind,
                    account_id=accounts[pot],
                    amount_fen=sign * item.amount_fen,
                    entitlement_id=item.entitlement_id,
                    line_id=item.line_id,
                )
            )
    Posting.objects.bulk_create(postings, batch_size=CHUNK)


def balances(budget: Budget) -> dict[str, int]:
    """Return the fen in each pot by the postings alone; funds are shown below nothing."""
    found = (
        Posting.objects.filter(account__budget=budget)
        .order_by()
        .values("account__pot")
        .annotate(fen=Sum("amount_fen"))
        .values_list("account__pot", "fen")
    )
    return dict.fromkeys(Pot, 0) | dict(found)


# Each statement returns (subject, what was found); none may return a row.
CHECKS = {
    "transfer_not_balanced": """
        SELECT transfer, sum(amount_fen)::text FROM benefits_posting
        GROUP BY transfer HAVING sum(amount_fen) <> 0""",
    "budget_differs_from_postings": """
        SELECT b.code, concat_ws(' ', 'funds', p.funds, 'free', p.free, 'reserved', p.reserved,
                                 'paid', p.paid)
        FROM benefits_budget b JOIN (
            SELECT a.budget_id,
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'funds'), 0) AS funds,
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'free'), 0) AS free,
                coalesce(sum(x.amount_fen) FILTER (
                    WHERE a.pot IN ('reserved', 'in_flight')), 0) AS reserved,
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'paid'), 0) AS paid
            FROM benefits_account a LEFT JOIN benefits_posting x ON x.account_id = a.id
            GROUP BY a.budget_id
        ) p ON p.budget_id = b.id
        WHERE p.funds <> -b.total_fen OR p.reserved <> b.reserved_fen OR p.paid <> b.paid_fen
           OR p.free <> b.total_fen - b.reserved_fen - b.paid_fen""",
    "entitlement_differs_from_postings": """
        SELECT e.id, concat_ws(' ', e.state, p.reserved, p.in_flight, p.paid)
        FROM benefits_entitlement e LEFT JOIN LATERAL (
            SELECT
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'reserved'), 0) AS reserved,
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'in_flight'), 0) AS in_flight,
                coalesce(sum(x.amount_fen) FILTER (WHERE a.pot = 'paid'), 0) AS paid
            FROM benefits_posting x JOIN benefits_account a ON a.id = x.account_id
            WHERE x.entitlement_id = e.id
        ) p ON true
        WHERE (p.reserved, p.in_flight, p.paid) <> (
            CASE WHEN e.state = 'reserved' THEN e.amount_fen ELSE 0 END,
            CASE WHEN e.state = 'in_payment' THEN e.amount_fen ELSE 0 END,
            CASE WHEN e.state IN ('paid', 'overpaid') THEN e.amount_fen ELSE 0 END)""",
    "entitlement_differs_from_lines": """
        SELECT e.id, concat_ws(' ', e.state, l.at_bank, l.paid)
        FROM benefits_entitlement e LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state IN ('sending', 'sent', 'unknown')) AS at_bank,
                   count(*) FILTER (WHERE state = 'paid') AS paid
            FROM benefits_payoutline WHERE entitlement_id = e.id
        ) l ON true
        WHERE (e.state = 'in_payment') <> (l.at_bank = 1)
           OR (e.state IN ('paid', 'overpaid')) <> (l.paid = 1)""",
    "line_sent_without_two_persons": """
        SELECT l.id, b.number FROM benefits_payoutline l
        JOIN benefits_payoutbatch b ON b.id = l.batch_id
        WHERE l.sending_at IS NOT NULL AND (b.submitted_key IS NULL OR b.approved_key IS NULL
            OR b.submitted_key = b.approved_key OR b.released_at IS NULL)""",
    "line_ended_without_evidence": """
        SELECT l.id, l.state FROM benefits_payoutline l
        WHERE l.state IN ('paid', 'failed', 'returned') AND NOT EXISTS (
            SELECT 1 FROM benefits_lineevidence v WHERE v.line_id = l.id)""",
    "line_repeated_too_early": """
        SELECT l.id, l.attempt::text FROM benefits_payoutline l
        JOIN benefits_payoutline earlier ON earlier.entitlement_id = l.entitlement_id
            AND earlier.attempt < l.attempt
        WHERE earlier.state NOT IN ('failed', 'returned', 'dropped')""",
    "batch_differs_from_lines": """
        SELECT b.number, concat_ws(' ', count(l.id), sum(l.amount_fen))
        FROM benefits_payoutbatch b LEFT JOIN benefits_payoutline l ON l.batch_id = b.id
        GROUP BY b.id HAVING count(l.id) <> b.line_count
            OR coalesce(sum(l.amount_fen), 0) <> b.total_fen""",
}


def check() -> list[Difference]:
    """Return everything on which postings, budgets, entitlements, lines and batches disagree."""
    found = []
    with connection.cursor() as cursor:
        for code, statement in CHECKS.items():
            cursor.execute(statement)
            found += [Difference(code, str(who), str(what)) for who, what in cursor.fetchall()]
    return found
