"""Triggers that keep a dissolved unit empty, whoever writes and whatever runs at the same time.

A row that comes to a unit holds the unit's row (`FOR SHARE`) until its transaction ends, and a
unit is dissolved by an UPDATE of that row: one waits for the other, and the later one is refused.
"""

from __future__ import annotations

from typing import Any

import pgtrigger

# Held in one order, so that two writers never wait for each other.
_HOLD = """
SELECT array_agg(DISTINCT n.unit_id) INTO units FROM {rows} WHERE {stands};
IF units IS NULL THEN RETURN NULL; END IF;
PERFORM 1 FROM members_unionunit WHERE id = ANY(units) ORDER BY id FOR SHARE;
IF EXISTS (SELECT 1 FROM members_unionunit WHERE id = ANY(units) AND status = 'dissolved') THEN
    RAISE EXCEPTION 'the unit is dissolved: {constraint}'
        USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
END IF;
RETURN NULL;
"""
_EMPTY = """
IF EXISTS (SELECT 1 FROM members_membership
           WHERE unit_id = NEW.id AND state IN ('active', 'retained'))
OR EXISTS (SELECT 1 FROM members_affiliation WHERE unit_id = NEW.id AND ended_on IS NULL)
OR EXISTS (SELECT 1 FROM members_application
           WHERE unit_id = NEW.id AND state IN ('submitted', 'returned')) THEN
    RAISE EXCEPTION 'somebody still belongs to the unit: unit_dissolved_is_empty'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_dissolved_is_empty';
END IF;
RETURN NULL;
"""


def _trigger(name: str, operation: pgtrigger.Operation, sql: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.After,
        level=pgtrigger.Statement,
        referencing=pgtrigger.Referencing(**rows),  # type: ignore[no-untyped-call]
        declare=[("units", "uuid[]")],
        func=sql,
    )


def standing_unit(constraint: str, stands: str) -> list[Any]:
    """Return the triggers of a table whose rows belong to a unit while `stands` (of row n) holds.

    A row that belonged to the unit before is not looked at again.
    """
    was = stands.replace("n.", "o.")
    changed = (
        f"new_rows n JOIN old_rows o ON o.id = n.id AND NOT (({was}) AND o.unit_id = n.unit_id)"
    )
    made = _HOLD.format(rows="new_rows n", stands=stands, constraint=constraint)
    moved = _HOLD.format(rows=changed, stands=stands, constraint=constraint)
    return [
        _trigger("unit_stands_made", pgtrigger.Insert, made, new="new_rows"),
        _trigger("unit_stands_moved", pgtrigger.Update, moved, old="old_rows", new="new_rows"),
    ]


def dissolved_is_empty() -> pgtrigger.Trigger:
    """Return the trigger that refuses to dissolve a unit somebody belongs to or applies to."""
    return pgtrigger.Trigger(
        name="unit_dissolved_is_empty",
        operation=pgtrigger.Update | pgtrigger.Insert,
        when=pgtrigger.After,
        condition=pgtrigger.Q(new__status="dissolved"),
        func=_EMPTY,
    )
