"""Count changes: one signed row per person, folded into one row per area, group and month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast
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
_JOINED = """
UPDATE members_monthlyflow AS flow SET joined = flow.joined + %s
WHERE area_id IS NOT DISTINCT FROM %s AND group_id = %s AND month = %s
"""
Key = tuple[UUID | None, str, date]
_CELL = ("unit_id", "area_id", "group_id", "day")
# Where and when a membership counts: unit, area, group, day.
Cell = tuple[UUID, UUID | None, str, date]


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


def net_of(membership_id: UUID) -> Counter[Cell]:
    """Return what the membership's movements come to, by cell; cells of nothing are left out."""
    net: Counter[Cell] = Counter()
    rows = Movement.objects.filter(membership_id=membership_id).values_list(*_CELL, "delta")
    for *cell, delta in rows:
        net[cast("Cell", tuple(cell))] += delta
    return Counter({cell: delta for cell, delta in net.items() if delta})


def bring_to(
    membership_id: UUID, wanted: Mapping[Cell, int], *, kind: MovementKind = MovementKind.CORRECTION
) -> None:
    """Write what is missing between the membership's movements and `wanted`, on its own days."""
    missing = Counter(wanted)
    missing.subtract(net_of(membership_id))
    write(
        _correction(membership_id, cell, 1 if delta > 0 else -1, kind)
        for cell, delta in sorted(missing.items(), key=lambda item: (item[0][3], -item[1]))
        for _each in range(abs(delta))
    )


def _correction(membership_id: UUID, cell: Cell, delta: int, kind: MovementKind) -> Movement:
    values = dict(zip(_CELL, cell, strict=True))
    return Movement(membership_id=membership_id, delta=delta, kind=kind, **values)


def leave(membership_id: UUID, day: date) -> None:
    """Count the member out on `day`; what was written for later days is taken back first."""
    net = net_of(membership_id)
    until = {cell: delta for cell, delta in net.items() if cell[3] <= day}
    if len(until) != len(net):
        bring_to(membership_id, until)
    places: Counter[tuple[UUID, UUID | None, str]] = Counter()
    for (unit, area, group, _day), delta in until.items():
        places[unit, area, group] += delta
    write(
        _correction(membership_id, (*place, day), -1, MovementKind.LEAVE)
        for place, count in places.items()
        if count > 0
    )


def uncount(membership_id: UUID) -> None:
    """Reverse every movement on its own day: the person was never counted by this membership."""
    bring_to(membership_id, {}, kind=MovementKind.ANNUL)
    _count_joins(membership_id, -1)


def recount(membership_id: UUID, wanted: Mapping[Cell, int]) -> None:
    """Take an `uncount` back: the person counts again as in `wanted`."""
    bring_to(membership_id, wanted)
    _count_joins(membership_id, 1)


def _count_joins(membership_id: UUID, change: int) -> None:
    """Bring the monthly joins along; those of annulled memberships do not count."""
    joins = Movement.objects.filter(membership_id=membership_id, kind=MovementKind.JOIN)
    with connection.cursor() as cursor:
        for row in joins:
            cursor.execute(_JOINED, [change, *_key(row)])


def _key(row: Movement) -> Key:
    return row.area_id, row.group_id, row.day.replace(day=1)
