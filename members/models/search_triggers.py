"""Triggers that keep `MemberKey`, one set-based statement however many rows were written.

In the database, so that COPY, bulk loads, merges and raw SQL keep the search right as well.
"""

from __future__ import annotations

import pgtrigger

_COLUMNS = "membership_id, unit_id, name, pinyin, initials, phone_tail, grams"
_NAME_KEYS = "p.name, replace(p.name_pinyin, ' ', ''), p.name_initials, p.phone_tail, p.name_grams"
_SET = f"SET (name, pinyin, initials, phone_tail, grams) = ROW ({_NAME_KEYS})"
_INSERT = f"""
INSERT INTO members_memberkey ({_COLUMNS})
SELECT m.id, m.unit_id, {_NAME_KEYS}
FROM new_rows AS m JOIN members_person AS p ON p.id = m.person_id;
RETURN NULL;
"""  # noqa: S608 - constants
_MOVE = f"""
UPDATE members_memberkey AS k {_SET}, unit_id = m.unit_id
FROM new_rows AS m
JOIN old_rows AS was ON was.id = m.id
JOIN members_person AS p ON p.id = m.person_id
WHERE k.membership_id = m.id AND (m.unit_id, m.person_id) <> (was.unit_id, was.person_id);
RETURN NULL;
"""
_RENAME = f"""
UPDATE members_memberkey AS k {_SET}
FROM new_rows AS p
JOIN old_rows AS was ON was.id = p.id
JOIN members_membership AS m ON m.person_id = p.id
WHERE k.membership_id = m.id
  AND (p.name, p.name_pinyin, p.name_initials, p.phone_tail)
    <> (was.name, was.name_pinyin, was.name_initials, was.phone_tail);
RETURN NULL;
"""
_REMOVE = """
DELETE FROM members_memberkey WHERE membership_id IN (SELECT id FROM old_rows);
RETURN NULL;
"""


def _after(name: str, operation: pgtrigger.Operation, sql: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.After,
        level=pgtrigger.Statement,
        referencing=pgtrigger.Referencing(**rows),  # type: ignore[no-untyped-call]
        func=sql,
    )


def membership_triggers() -> list[pgtrigger.Trigger]:
    """Return what a written, moved or deleted membership does to its key."""
    return [
        _after("key_made", pgtrigger.Insert, _INSERT, new="new_rows"),
        _after("key_moved", pgtrigger.Update, _MOVE, old="old_rows", new="new_rows"),
        _after("key_removed", pgtrigger.Delete, _REMOVE, old="old_rows"),
    ]


def person_triggers() -> list[pgtrigger.Trigger]:
    """Return what a changed name or phone does to the keys of the person's memberships."""
    return [_after("key_renamed", pgtrigger.Update, _RENAME, old="old_rows", new="new_rows")]
