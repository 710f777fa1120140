"""What should have moved by itself and has not (security.md section 3, I13), by the DB's clock.

Whatever waits for a person is not stuck; while sending is locked, nothing that would leave is.
"""

from __future__ import annotations

from django.db import connection

from benefits.proofs import Difference

GRACE = "5 minutes"
# Each statement returns (subject, what was found); none may return a row.
RULES = {
    "file_not_sent": """
        SELECT name, created_at::text FROM benefits_bankfile
        WHERE direction = 'out' AND state = 'ready' AND transport = 'folder'
          AND created_at < now() - %(grace)s::interval AND NOT EXISTS (
              SELECT 1 FROM benefits_sendinglock WHERE lifted_at IS NULL)""",
    "file_not_read": """
        SELECT name, created_at::text FROM benefits_bankfile
        WHERE direction = 'in' AND state = 'received'
          AND created_at < now() - %(grace)s::interval""",
    "order_not_asked_about": """
        SELECT line_id, concat_ws(' ', step, due_at) FROM benefits_payoutorder
        WHERE due_at < now() - %(grace)s::interval
          AND (lease_until IS NULL OR lease_until < now() - %(grace)s::interval) AND NOT EXISTS (
              SELECT 1 FROM benefits_sendinglock WHERE lifted_at IS NULL)""",
    "silence_not_noted": """
        SELECT l.id, l.sent_at::text FROM benefits_payoutline l
        JOIN benefits_payoutbatch b ON b.id = l.batch_id AND b.channel = 'bank_file'
        JOIN benefits_programme p ON p.id = b.programme_id
        WHERE l.state = 'sent' AND b.state = 'reconciling'
          AND l.sent_at < now() - %(grace)s::interval - p.answer_minutes * interval '1 minute'""",
    "batch_not_closed": """
        SELECT b.number, b.handed_over_at::text FROM benefits_payoutbatch b
        WHERE b.state = 'reconciling' AND NOT EXISTS (
            SELECT 1 FROM benefits_payoutline WHERE batch_id = b.id AND (state IN (
                'planned', 'approved', 'sending', 'sent', 'awaiting_payee', 'unknown')
                OR settled_at > now() - %(grace)s::interval))""",
}


def stuck() -> list[Difference]:
    """Return what nobody moves although nobody has to be waited for."""
    found = []
    with connection.cursor() as cursor:
        for code, statement in RULES.items():
            cursor.execute(statement, {"grace": GRACE})
            found += [Difference(code, str(who), str(what)) for who, what in cursor.fetchall()]
    return found
