"""Count changes: one signed row per person, folded into one row per area, group and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from members.models import Movement
from members.states import MovementKind

_FOLD = """
INSERT INTO members_monthlyflow AS flow (area_id, group_id, month, came, went, joined)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::int[], %s::int[], %s::int[])
ON CONFLICT ON CONSTRAINT flow_one_row DO UPDATE
SET came = flow.came + EXCLUDED.came,
    went = flow.went + EXCLUDED.went,
    joined = flow.joined + EXCLUDED.joined
"""
# The same order of rows as in `write`, so that the two never lock each other's rows crosswise.
_WRITE_QUERY = """
WITH moved AS (
  INSERT INTO members_movement (membership_id, unit_id, area_id, group_id, day, delta, kind)
  {query}
  RETURNING area_id, group_id, day, delta, kind
)
INSERT INTO members_monthlyflow AS flow (area_id, group_id, month, came, went, joined)
SELECT area_id, group_id, date_trunc('month', day)::date,
       count(*) FILTER (WHERE delta > 0), count(*) FILTER (WHERE delta < 0),
       count(*) FILTER (WHERE kind = 'join')
FROM moved GROUP BY 1, 2, 3
ORDER BY COALESCE(area_id::text, '') COLLATE "C", group_id COLLATE "C", 3
ON CONFLICT ON CONSTRAINT flow_one_row DO UPDATE
SET came = flow.came + EXCLUDED.came,
    went = flow.went + EXCLUDED.went,
    joined = flow.joined + EXCLUDED.joined
"""
_UNJOIN = """
UPDATE members_monthlyflow AS flow SET joined = flow.joined - 1
WHERE area_id IS NOT DISTINCT FROM %s AND group_id = %s AND month = %s
"""
Key = tuple[UUID | None, str, date]


def write(movements: Iterable[Movement]) -> None:
    """Write `movements` and fold them into the monthly flows; two statements."""
    rows = Movement.objects.bulk_create(movements)
    if not rows:
        return
    folded: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        counts = folded[_key(row)]
        counts[0 if row.delta > 0 else 1] += 1
        counts[2] += row.kind == MovementKind.JOIN
    # One order for everybody, so that two approvals never lock each other's rows crosswise.
    ordered = sorted(folded.items(), key=lambda item: (str(item[0][0] or ""), *item[0][1:]))
    columns = zip(*((*key, *counts) for key, counts in ordered), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [list(column) for column in columns])


def write_query(query: str, params: Mapping[str, Any]) -> None:
    """Write the movements a SELECT of ours finds and fold them; one statement however many.

    `query` gives membership, unit, area, group, day, delta, kind in this order; `params` are named.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_QUERY.format(query=query), params)


def unwrite(movements: Iterable[Movement]) -> None:
    """Write the reverse of `movements` on their own days: the person was never counted."""
    past = list(movements)
    write(
        Movement(
            membership_id=row.membership_id,
            unit_id=row.unit_id,
            area_id=row.area_id,
            group_id=row.group_id,
            day=row.day,
            delta=-row.delta,
            kind=MovementKind.ANNUL,
        )
        for row in past
    )
    with connection.cursor() as cursor:
        for row in past:
            if row.kind == MovementKind.JOIN:
                cursor.execute(_UNJOIN, list(_key(row)))


def _key(row: Movement) -> Key:
    return row.area_id, row.group_id, row.day.replace(day=1)
