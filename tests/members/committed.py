"""Rows that are really committed, for tests with several connections or processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

from django.db import connection, connections, transaction
from django.utils import translation

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def committed_rows() -> Iterator[None]:
    """Let the block commit; afterwards every table that was empty is emptied again."""
    bare = _empty_tables()
    try:
        yield
    finally:
        _clear(bare)


def _empty_tables() -> list[str]:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        return [name for name in names if not _has_rows(cursor, name)]


def _has_rows(cursor: Any, name: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{name}")')
    return bool(cursor.fetchone()[0])


def _clear(tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the append-only triggers
        names = ", ".join(f'"{name}"' for name in tables)
        cursor.execute(f"TRUNCATE {names} CASCADE")
        cursor.execute("SET session_replication_role = DEFAULT")


def race(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Run `second` on a connection of its own after `first` is done and before it is committed.

    `first` commits once `second` waits for it, or is through. Returns what each returned; what
    `second` raised is returned too.
    """
    done, commit = Event(), Event()

    def begin() -> Any:
        try:
            with translation.override("en"), transaction.atomic():
                result = first()
                done.set()
                commit.wait(30)
            return result
        finally:
            done.set()
            connections.close_all()

    def follow() -> Any:
        try:
            with translation.override("en"):
                return second()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(begin)
        done.wait(30)
        other = pool.submit(follow)
        _until_it_waits(other)
        commit.set()
        return one.result(30), other.result(30)


def _until_it_waits(other: Future[Any]) -> None:
    tick = Event()
    while not other.done():
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        tick.wait(0.02)
