"""Take indexes and references off tables while they are filled, and build them afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.db import models
from django.db.backends.utils import CursorWrapper
from psycopg import sql

# Constraints before plain indexes; keys of other tables lean on primary keys only, which stay.
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u', 'x')
     ORDER BY contype <> 'f' DESC, conname
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
      FROM pg_index
     WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid
                                                   AND contype IN ('u', 'x'))
     ORDER BY 1
"""
# Builds in one process: parallel ones need shared memory that a container may not have.
ROOM = (
    "SET LOCAL maintenance_work_mem = '512MB'",
    "SET LOCAL max_parallel_maintenance_workers = 0",
    "SET LOCAL enable_seqscan = on",
)


class Constraint(NamedTuple):
    table: str
    name: str
    kind: str
    definition: str


@contextmanager
def without_indexes(cursor: CursorWrapper, tables: Sequence[type[models.Model]]) -> Iterator[None]:
    """Fill `tables` in the block bare of all but primary keys and checks; then build the rest.

    A row that breaks a rule is refused at the end instead of at once. Must run in a transaction:
    what fails leaves the tables as they were.
    """
    names = [model._meta.db_table for model in tables]
    cursor.execute(CONSTRAINTS, [names])
    constraints = [Constraint(*row) for row in cursor.fetchall()]
    cursor.execute(INDEXES, [names])
    indexes = cursor.fetchall()
    for one in constraints:
        _alter(cursor, one.table, sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(one.name)))
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for statement in ROOM:
        cursor.execute(statement)
    for name in names:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    for _name, definition in indexes:
        cursor.execute(definition)
    for one in constraints:
        _alter(
            cursor, one.table,
            sql.SQL("ADD CONSTRAINT {} ").format(sql.Identifier(one.name))
            + sql.SQL(one.definition),  # type: ignore[arg-type]  # from the catalogue
        )  # fmt: skip


def _alter(cursor: CursorWrapper, table: str, change: sql.Composable) -> None:
    # `table` comes from regclass and is quoted already where it must be.
    cursor.execute(sql.SQL("ALTER TABLE ") + sql.SQL(table) + sql.SQL(" ") + change)  # type: ignore[arg-type]
