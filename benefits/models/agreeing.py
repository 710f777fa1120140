"""Triggers that several tables of money share: budgets agree with accounts, keys with people."""

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


def budget_rises_by_two() -> pgtrigger.Trigger:
    """Return the trigger that lets a total rise only as two people agreed in this transaction."""
    return pgtrigger.Trigger(
        name="budget_rises_by_two",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        condition=pgtrigger.Q(new__total_fen__gt=pgtrigger.F("old__total_fen")),
        func="""
            IF NOT EXISTS (
                SELECT 1 FROM benefits_budgetchange
                WHERE budget_id = NEW.id AND state = 'confirmed'
                  AND decided_at = transaction_timestamp()
                  AND from_fen = OLD.total_fen AND to_fen = NEW.total_fen
            ) THEN
                RAISE EXCEPTION 'a budget is raised by two people'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


def keys_are_people(name: str, *steps: str) -> pgtrigger.Trigger:
    """Return the trigger that refuses a `<step>_key` that is not the person behind `<step>_by`.

    What two people must do is told apart by these keys; a borrowed one would make two of one.
    """
    columns = [f"{step}_{part}" for step in steps for part in ("by_id", "key")]
    before, after = (", ".join(f"{row}.{one}" for one in columns) for row in ("OLD", "NEW"))
    tests = " OR ".join(
        f"NEW.{step}_key IS DISTINCT FROM"  # noqa: S608 - names of columns
        f" (SELECT person_key FROM core_user WHERE id = NEW.{step}_by_id)"
        for step in steps
    )
    return pgtrigger.Trigger(
        name=name,
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
            IF TG_OP = 'UPDATE' THEN
                -- Told once: an account may get another person later.
                IF ROW({before}) IS NOT DISTINCT FROM ROW({after}) THEN RETURN NEW; END IF;
            END IF;
            IF {tests} THEN
                RAISE EXCEPTION 'a key is not the person behind the account'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


def notice_hangs() -> pgtrigger.Trigger:
    """Return the trigger that lets a list off the public notice only when both its ends are met.

    Its days are over by the database's clock (none are asked by some programmes), and no objection
    is open; an open one keeps the list from leaving, too.
    """
    return pgtrigger.Trigger(
        name="batch_notice_hangs",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        condition=pgtrigger.Q(new__state__in=["notice_closed", "released"])
        & pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
        func="""
            IF EXISTS (
                SELECT 1 FROM benefits_objection WHERE batch_id = NEW.id AND state = 'open'
            ) THEN
                RAISE EXCEPTION 'an objection to this list is not answered'
                    USING ERRCODE = 'check_violation';
            END IF;
            IF NEW.notice_until IS NULL OR (
                NEW.notice_until >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
                AND (SELECT notice_days FROM benefits_programme
                    WHERE id = NEW.programme_id) > 0
            ) THEN
                RAISE EXCEPTION 'the public notice of this list is not over'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )
