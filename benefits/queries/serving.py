"""Who of the waiting is served next: chosen, moved and logged in one statement, however many.

The chosen stand in a table of the transaction's own, so that the books can post them without
Python holding their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from benefits.models import Entitlement, Programme
from unionportal.core import audit

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

TABLE = """CREATE TEMPORARY TABLE IF NOT EXISTS benefits_serving
    (id uuid, amount_fen bigint, programme_id uuid) ON COMMIT DELETE ROWS"""
# The first of the waiting, in turn, whose amounts together fit into what is free. A row that is
# being voided at this moment is passed over, not waited for.
SERVE = """
WITH turn AS (
    SELECT id, amount_fen, qualified_on FROM benefits_entitlement
    WHERE programme_id = %(programme)s AND state = 'waitlisted'
    ORDER BY qualified_on, id LIMIT %(room)s FOR UPDATE SKIP LOCKED),
fitting AS (
    SELECT id FROM (
        SELECT id, sum(amount_fen) OVER (ORDER BY qualified_on, id) AS total FROM turn) sums
    WHERE total <= %(free)s),
moved AS (
    UPDATE benefits_entitlement e SET state = 'reserved' FROM fitting
    WHERE e.id = fitting.id RETURNING e.id, e.amount_fen, e.programme_id),
kept AS (INSERT INTO benefits_serving SELECT id, amount_fen, programme_id FROM moved)
"""
# As `ledger.post_set` takes them.
CHOSEN = """SELECT amount_fen, id AS entitlement_id, NULL::uuid AS line_id, programme_id,
    '' AS channel FROM benefits_serving"""


def keep_reserved(programme: Programme) -> None:
    """Put the reserved rights of a programme into the transaction's table, locked."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("DELETE FROM benefits_serving")
        cursor.execute(
            "INSERT INTO benefits_serving SELECT id, amount_fen, programme_id"
            " FROM benefits_entitlement WHERE programme_id = %s AND state = 'reserved'"
            " ORDER BY id FOR UPDATE SKIP LOCKED", [programme.pk],
        )  # fmt: skip


def choose(
    programme: Programme, *, by: User | ServiceActor, free_fen: int, least_fen: int
) -> tuple[int, int]:
    """Promote who fits into `free_fen` and log it; return how many and how many fen together.

    `least_fen` is the smallest amount anybody waits for. The budget's row must be locked.
    """
    log, values = audit.set_sql(
        by=by, verb="entitlement.promote", model=Entitlement,
        rows="SELECT id, 'waitlisted' AS from_state, 'reserved' AS to_state FROM moved",
    )  # fmt: skip
    own: dict[str, Any] = {
        "programme": programme.pk,
        "free": free_fen,
        "room": free_fen // least_fen,
    }
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("DELETE FROM benefits_serving")
        cursor.execute(SERVE + log, {**values, **own})
        cursor.execute("SELECT count(*), coalesce(sum(amount_fen), 0) FROM benefits_serving")
        count, fen = cursor.fetchone()
    return int(count), int(fen)
