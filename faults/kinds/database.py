"""The database: crashed at once, or a session ended at its commit."""

from __future__ import annotations

import contextlib
import signal
import time

import psycopg

from faults.registry import Scene, fault
from faults.world import World

WRITING = """
    SELECT count(*) AS n FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND datname = current_database()"""
COMMITTING = """
    SELECT pid, pg_terminate_backend(pid) AS ended FROM pg_stat_activity
    WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database()"""
SLOW_COMMIT = (("commit_delay", "100000"), ("commit_siblings", "0"))


def is_up(world: World) -> bool:
    return bool(world.rows("SELECT 1 AS n"))


@fault("database_crash", "pg_ctl stop -m immediate with transactions open")
def database_crash(scene: Scene) -> str:
    world = scene.world
    open_now, ends = 0, time.monotonic() + 10
    with contextlib.suppress(psycopg.Error), world.connect() as connection:
        while not open_now and time.monotonic() < ends:
            open_now = connection.execute(WRITING).fetchone()["n"]
            world.supervisor.tick()
    # What pg_ctl sends for "immediate".
    dead = world.signal("database", signal.SIGQUIT, group=False)
    back = world.wait(30, lambda: world.is_back("database", dead) and is_up(world))
    return f"{open_now} writing transactions open at the crash" if back and open_now else ""


@fault("session_ended", "pg_terminate_backend at COMMIT")
def session_ended(scene: Scene) -> str:
    """Make commits last 100 ms, so that one can be met, and end the sessions met in it."""
    world, ended, ends = scene.world, 0, time.monotonic() + 8
    with contextlib.suppress(psycopg.Error), world.connect() as connection:
        for name, value in SLOW_COMMIT:
            connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        connection.execute("SELECT pg_reload_conf()")
        while ended < 3 and time.monotonic() < ends:
            ended += sum(row["ended"] for row in connection.execute(COMMITTING))
            world.supervisor.tick()
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")
    return f"{ended} sessions ended while they committed" if ended else ""
