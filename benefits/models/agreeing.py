"""The trigger that holds a budget and its accounts to each other."""

from __future__ import annotations

import pgtrigger

# A budget's counters are the sums of its accounts, looked at once the transaction is whole.
BUDGET_AGREES = """
    IF EXISTS (
        SELECT 1 FROM benefits_budget b LEFT JOIN LATERAL (
            SELECT coalesce(sum(balance_fen) FILTER (WHERE pot = 'funds'), 0) AS funds,
                coalesce(sum(balance_fen) FILTER (WHERE pot IN ('reserved', 'in_flight')), 0)
                    AS reserved,
                coalesce(sum(balance_fen) FILTER (WHERE pot = 'paid'), 0) AS paid
            FROM benefits_account WHERE budget_id = b.id
        ) a ON true
        WHERE b.id = NEW.{key}
          AND (b.total_fen, b.reserved_fen, b.paid_fen) <> (-a.funds, a.reserved, a.paid)
    ) THEN
        RAISE EXCEPTION 'the budget differs from its accounts' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


def budget_agrees(name: str, key: str) -> pgtrigger.Trigger:
    """Return the trigger that compares a budget with its accounts at commit."""
    return pgtrigger.Trigger(
        name=name,
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        func=BUDGET_AGREES.format(key=key),
    )
