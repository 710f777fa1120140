"""Compare three records that share nothing: the driver's list, the portal, the bank's books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from faults.papers import Owed
from faults.world import World

ZEROS = (
    "lost", "duplicated", "false_paid", "blind", "stuck", "over_budget", "unattributed", "broken",
)  # fmt: skip

PAYMENTS = {
    "bank": "SELECT order_no, account, amount_fen FROM payments ORDER BY id",
    "wechat": "SELECT out_bill_no AS order_no, openid AS account, amount_fen FROM payments",
}
PAID_LINES = """
    SELECT order_no, amount_fen FROM benefits_payoutline WHERE state = 'paid'"""
STUCK = """
    SELECT 'entitlement' AS what, id::text AS subject, state FROM benefits_entitlement
    WHERE state NOT IN ('paid', 'waitlisted')
    UNION ALL
    SELECT 'batch', number, state FROM benefits_payoutbatch
    WHERE state NOT IN ('closed', 'cancelled')
    UNION ALL
    SELECT 'file', name, state FROM benefits_bankfile WHERE state IN ('ready', 'received')"""
OVER_BUDGET = """
    SELECT code AS subject FROM benefits_budget WHERE reserved_fen + paid_fen > total_fen"""

# What must hold at every moment of a run, by the invariants of security.md section 3.1.
ALWAYS = {
    "I1_two_live_lines": """
        SELECT entitlement_id::text AS subject FROM benefits_payoutline
        WHERE state IN ('planned', 'approved', 'sending', 'sent', 'unknown', 'paid')
        GROUP BY entitlement_id HAVING count(*) > 1""",
    "I1_two_entitlements": """
        SELECT min(id::text) AS subject FROM benefits_entitlement
        WHERE state NOT IN ('void', 'overpaid')
        GROUP BY programme_id, cycle_id, person_id HAVING count(*) > 1""",
    "I2_postings": """
        SELECT transfer::text AS subject FROM benefits_posting
        GROUP BY transfer HAVING sum(amount_fen) <> 0""",
    "I3_one_person": """
        SELECT l.order_no AS subject FROM benefits_payoutline l
        JOIN benefits_payoutbatch b ON b.id = l.batch_id
        WHERE l.sending_at IS NOT NULL AND (b.submitted_key IS NULL OR b.approved_key IS NULL
            OR b.submitted_key = b.approved_key)""",
    "I6_repeated_early": """
        SELECT l.order_no AS subject FROM benefits_payoutline l
        JOIN benefits_payoutline e ON e.entitlement_id = l.entitlement_id AND e.attempt < l.attempt
        WHERE e.state NOT IN ('failed', 'returned', 'dropped')""",
    "I9_over_budget": OVER_BUDGET,
    "I10_not_audited": """
        SELECT l.order_no AS subject FROM benefits_payoutline l
        WHERE l.state <> 'planned' AND NOT EXISTS (
            SELECT 1 FROM core_auditevent a WHERE a.target_type = 'benefits.payoutline'
              AND a.target_id = l.id::text AND a.to_state = l.state)""",
}


@dataclass
class Count:
    """What was found; each list holds the subjects, so that a red run can be looked into."""

    orders: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, subject: object) -> None:
        self.found.setdefault(kind, []).append(str(subject))

    @property
    def zeros(self) -> dict[str, int]:
        return {kind: len(self.found.get(kind, ())) for kind in ZEROS}

    @property
    def is_clean(self) -> bool:
        return not any(self.zeros.values())


def broken_rules(world: World) -> dict[str, list[str]]:
    """Ask the database now which of the rules that always hold do not."""
    found = {name: [row["subject"] for row in world.rows(query)] for name, query in ALWAYS.items()}
    return {name: subjects for name, subjects in found.items() if subjects}


def believed_too_early(world: World) -> list[str]:
    """Return the orders the portal calls paid and no counterparty has paid yet.

    The portal is read first: what is paid in between is seen by the second look.
    """
    believed = {row["order_no"] for row in world.rows(PAID_LINES)}
    return sorted(believed - {row["order_no"] for row in all_payments(world)})


def unfinished(world: World) -> list[dict[str, Any]]:
    """Return what is neither ended nor waiting for budget."""
    return world.rows(STUCK)


def all_payments(world: World) -> list[dict[str, Any]]:
    """Return every payment that the counterparties' own books know."""
    return [row for who, query in PAYMENTS.items() for row in world.read(who, query)]


def count(world: World, owed: list[Owed], differences: list[Any]) -> Count:
    """Compare the three records when everything has come to rest."""
    payments = all_payments(world)
    result = Count(orders=sum(one.reaches for one in owed))
    _against_list(result, owed, payments)
    _against_portal(result, payments, world.rows(PAID_LINES), _known_orders(world))
    for row in unfinished(world):
        result.add("stuck", f"{row['what']} {row['subject']} {row['state']}")
    for row in world.rows(OVER_BUDGET):
        result.add("over_budget", row["subject"])
    for difference in differences:
        result.add("broken", difference)
    return result


def _known_orders(world: World) -> set[str]:
    rows = world.rows("SELECT order_no FROM benefits_payoutline WHERE sending_at IS NOT NULL")
    return {row["order_no"] for row in rows}


def _against_list(result: Count, owed: list[Owed], payments: list[dict[str, Any]]) -> None:
    """Each account is paid each amount once, and no more of them than the money reaches for."""
    paid = Counter((row["account"], row["amount_fen"]) for row in payments)
    expected = {(account, one.fen) for one in owed for account in one.accounts}
    for key, times in paid.items():
        if key not in expected:
            result.add("unattributed", f"account {key[0]}, {key[1]} fen")
        for _extra in range(times - 1):
            result.add("duplicated", f"account {key[0]}, {key[1]} fen")
    for one in owed:
        reached = sum(bool(paid[account, one.fen]) for account in one.accounts)
        for number in range(reached, one.reaches):
            result.add("lost", f"{one.code} {number}")
        for number in range(one.reaches, reached):
            result.add("over_budget", f"{one.code} {number}")


def _against_portal(
    result: Count, payments: list[dict[str, Any]], paid: list[dict[str, Any]], known: set[str]
) -> None:
    at_bank = {row["order_no"]: row["amount_fen"] for row in payments}
    in_portal = {row["order_no"]: row["amount_fen"] for row in paid}
    for order in at_bank.keys() - known:
        result.add("unattributed", f"order {order}")
    for order in in_portal.keys() - at_bank.keys():
        result.add("false_paid", order)
    for order in at_bank.keys() - in_portal.keys():
        result.add("blind", order)
    for order in at_bank.keys() & in_portal.keys():
        if at_bank[order] != in_portal[order]:
            result.add("false_paid", f"{order}: another amount")
