"""What must be true of the money, asked of the database: postings, balances, states, evidence."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Difference:
    """Something on which books and states disagree: a code, the id it concerns, what was found."""

    code: str
    subject: str
    found: str


# Each statement returns (subject, what was found); none may return a row.
CHECKS = {
    "transfer_not_balanced": """
        SELECT transfer, sum(amount_fen)::text FROM benefits_posting
        GROUP BY transfer HAVING sum(amount_fen) <> 0""",
    "balance_differs_from_postings": """
        SELECT a.id, concat_ws(' ', a.pot, a.channel, a.balance_fen, coalesce(p.fen, 0))
        FROM benefits_account a LEFT JOIN (
            SELECT account_id, sum(amount_fen) AS fen FROM benefits_posting GROUP BY account_id
        ) p ON p.account_id = a.id
        WHERE a.balance_fen <> coalesce(p.fen, 0)""",
    "budget_differs_from_accounts": """
        SELECT b.code, concat_ws(' ', 'funds', a.funds, 'free', a.free, 'reserved', a.reserved,
                                 'paid', a.paid)
        FROM benefits_budget b LEFT JOIN LATERAL (
            SELECT coalesce(sum(balance_fen) FILTER (WHERE pot = 'funds'), 0) AS funds,
                coalesce(sum(balance_fen) FILTER (WHERE pot = 'free'), 0) AS free,
                coalesce(sum(balance_fen) FILTER (WHERE pot IN ('reserved', 'in_flight')), 0)
                    AS reserved,
                coalesce(sum(balance_fen) FILTER (WHERE pot = 'paid'), 0) AS paid
            FROM benefits_account WHERE budget_id = b.id
        ) a ON true
        WHERE (a.funds, a.free, a.reserved, a.paid) <> (-b.total_fen,
            b.total_fen - b.reserved_fen - b.paid_fen, b.reserved_fen, b.paid_fen)""",
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
            SELECT count(*) FILTER (WHERE state IN (
                       'sending', 'sent', 'awaiting_payee', 'unknown')) AS at_bank,
                   count(*) FILTER (WHERE state = 'paid') AS paid
            FROM benefits_payoutline WHERE entitlement_id = e.id
        ) l ON true
        JOIN benefits_programme p ON p.id = e.programme_id AND p.benefit = 'cash'
        WHERE (e.state = 'in_payment') <> (l.at_bank = 1)
           OR (e.state IN ('paid', 'overpaid')) <> (l.paid = 1)""",
    "entitlement_differs_from_what_was_given": """
        SELECT e.id, e.state FROM benefits_entitlement e
        JOIN benefits_programme p ON p.id = e.programme_id AND p.benefit <> 'cash'
        WHERE e.state <> 'void' AND (e.state IN ('paid', 'overpaid')) <> (
            EXISTS (SELECT 1 FROM benefits_handout h
                WHERE h.entitlement_id = e.id AND h.undone_at IS NULL)
            OR EXISTS (SELECT 1 FROM benefits_pointsmovement m WHERE m.entitlement_id = e.id))""",
    "stock_differs_from_movements": """
        SELECT s.id, concat_ws(' ', s.on_hand, sum(m.delta)) FROM benefits_stock s
        LEFT JOIN benefits_stockmovement m ON m.stock_id = s.id
        GROUP BY s.id HAVING s.on_hand <> coalesce(sum(m.delta), 0)""",
    "points_differ_from_movements": """
        SELECT b.person_id, concat_ws(' ', b.balance, sum(m.delta)) FROM benefits_pointsbalance b
        LEFT JOIN benefits_pointsmovement m ON m.person_id = b.person_id
        GROUP BY b.person_id HAVING b.balance <> coalesce(sum(m.delta), 0)""",
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
    "large_list_without_second_checker": """
        SELECT b.number, b.total_fen::text FROM benefits_payoutbatch b
        JOIN benefits_programme p ON p.id = b.programme_id
        WHERE b.released_at IS NOT NULL AND b.total_fen >= p.second_approval_fen
          AND b.second_key IS NULL""",
    "budget_raised_by_one_person": """
        SELECT b.code, concat_ws(' ', g.raised, c.agreed) FROM benefits_budget b
        CROSS JOIN LATERAL (
            SELECT count(*) - 1 AS raised FROM benefits_posting p
            JOIN benefits_account a ON a.id = p.account_id AND a.pot = 'funds'
            WHERE a.budget_id = b.id AND p.amount_fen < 0) g
        CROSS JOIN LATERAL (
            SELECT count(*) AS agreed FROM benefits_budgetchange
            WHERE budget_id = b.id AND state = 'confirmed' AND decided_key <> proposed_key) c
        WHERE g.raised > c.agreed""",
    "line_left_before_it_was_written_down": """
        SELECT l.id, concat_ws(' ', l.sending_at, l.sent_at, f.claimed_at, o.tried_at)
        FROM benefits_payoutline l LEFT JOIN benefits_bankfile f ON f.id = l.file_id
        LEFT JOIN benefits_payoutorder o ON o.line_id = l.id
        WHERE least(l.sent_at, f.claimed_at, o.tried_at) < l.sending_at""",
    "line_at_the_bank_without_file_or_order": """
        SELECT l.id, concat_ws(' ', b.channel, l.state) FROM benefits_payoutline l
        JOIN benefits_payoutbatch b ON b.id = l.batch_id
        WHERE l.state IN ('sending', 'sent', 'awaiting_payee', 'unknown')
          AND (b.channel = 'bank_file' AND l.file_id IS NULL OR b.channel = 'wechat'
               AND NOT EXISTS (SELECT 1 FROM benefits_payoutorder WHERE line_id = l.id))""",
    "order_number_left_twice": """
        SELECT order_no, count(*)::text FROM benefits_payoutline
        WHERE sending_at IS NOT NULL GROUP BY order_no HAVING count(*) > 1""",
    "evidence_without_its_hash": """
        SELECT id, source FROM benefits_lineevidence
        WHERE content_hash !~ '^[0-9a-f]{64}$' OR event_id = ''""",
    "right_differs_from_terms": """
        SELECT e.id, concat_ws(' ', e.amount_fen, v.amount_fen) FROM benefits_entitlement e
        JOIN benefits_programmeversion v ON v.id = e.version_id
        WHERE e.amount_fen <> v.amount_fen OR e.programme_id <> v.programme_id""",
    "line_differs_from_right": """
        SELECT l.id, concat_ws(' ', l.amount_fen, e.amount_fen) FROM benefits_payoutline l
        JOIN benefits_payoutbatch b ON b.id = l.batch_id
        JOIN benefits_entitlement e ON e.id = l.entitlement_id
        WHERE l.amount_fen <> e.amount_fen OR (b.programme_id, b.cycle_id)
            <> (e.programme_id, e.cycle_id)""",
}
# Where each state column begins; every other state must be the target of a logged step (I10).
FIRST_STATES = {
    "benefits.programme": "draft",
    "benefits.budgetchange": "proposed",
    "benefits.entitlement": "waitlisted",
    "benefits.payoutbatch": "building",
    "benefits.payoutline": "planned",
    "benefits.linesettlement": "proposed",
    "benefits.difference": "open",
}
NOT_LOGGED = """
    SELECT t.id, t.state FROM {table} t WHERE t.state <> '{first}' AND NOT EXISTS (
        SELECT 1 FROM core_auditevent a WHERE a.target_type = '{label}'
          AND a.target_id = t.id::text AND a.to_state = t.state)"""
CHECKS |= {
    f"{label.removeprefix('benefits.')}_moved_without_log": NOT_LOGGED.format(
        table=label.replace(".", "_"), label=label, first=first
    )
    for label, first in FIRST_STATES.items()
}


def check() -> list[Difference]:
    """Return everything on which postings, budgets, entitlements, lines and batches disagree."""
    found = []
    with connection.cursor() as cursor:
        for code, statement in CHECKS.items():
            cursor.execute(statement)
            found += [Difference(code, str(who), str(what)) for who, what in cursor.fetchall()]
    return found
