"""Workers killed at chosen moments: each hangs at a lock of ours, is seen there, and dies there."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from faults.kinds.processes import WORKERS
from faults.registry import Scene, fault
from faults.world import World

RELEASED = """
    SELECT b.id, b.number FROM benefits_payoutbatch b
    JOIN benefits_bankfile f ON f.payout_batch_id = b.id
    WHERE b.state = 'released' AND f.state = 'ready' AND f.claimed_at IS NULL ORDER BY b.number"""
HELD = {
    "batch": "SELECT id FROM benefits_payoutbatch WHERE id = %s FOR UPDATE NOWAIT",
    "lines": "SELECT id FROM benefits_payoutline WHERE batch_id = %s FOR UPDATE NOWAIT",
    "budget": "SELECT u.id FROM benefits_budget u JOIN benefits_programme p ON p.budget_id = u.id"
    " JOIN benefits_payoutbatch b ON b.programme_id = p.id WHERE b.id = %s FOR UPDATE OF u NOWAIT",
}
WAITS = """
    SELECT count(*) AS n FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND state = 'active'
      AND pg_blocking_pids(pid) && ARRAY[%s]::int[]"""
# benefits.actions.bankfiles.RECEIVE_LOCK: under it a file that came is kept.
RECEIVE_LOCK = 0x42414E4B


@contextmanager
def frozen_workers(world: World) -> Iterator[None]:
    """Hold both workers still for the length of the block."""
    for name in WORKERS:
        world.signal(name, signal.SIGSTOP)
    try:
        yield
    finally:
        for name in WORKERS:
            world.signal(name, signal.SIGCONT)


def kill_workers(world: World) -> str:
    dead = {name: world.signal(name, signal.SIGKILL) for name in WORKERS}
    back = world.wait(15, lambda: all(world.is_back(name, dead[name]) for name in WORKERS))
    return f"{sorted(dead.values())} died there" if back else ""


def is_published(world: World, number: str) -> bool:
    """Say whether the bank's folder, or the bank, has the file."""
    taken = (world.bank_folder / "done").glob(f"*_{number}.txt")
    return (world.bank_folder / "out" / f"{number}.txt").exists() or any(taken)


def _die_at(scene: Scene, query: str, values: list[Any], is_there: Callable[[], bool]) -> str:
    """Hold the rows of `query` until a worker hangs at them and `is_there`; kill all workers."""
    world = scene.world
    with world.connect() as connection, connection.transaction():
        connection.execute(query, values)
        mine = connection.info.backend_pid
        for name in WORKERS:
            world.signal(name, signal.SIGCONT)

        def hangs() -> bool:
            (row,) = world.rows(WAITS, mine) or [{"n": 0}]
            return bool(row["n"]) and is_there()

        return kill_workers(world) if world.wait(15, hangs) else ""


def _released_batch(scene: Scene) -> dict[str, Any] | None:
    """Wait, the workers being still, until a list has been released and not been taken up."""
    rows = scene.world.wait(12, lambda: scene.world.rows(RELEASED))
    return dict(rows[0]) if rows else None


@fault("kill_at_claim", "kill -9 of the workers while one claims a list")
def kill_at_claim(scene: Scene) -> str:
    with frozen_workers(scene.world):
        batch = _released_batch(scene)
        return _die_at(scene, HELD["batch"], [batch["id"]], lambda: True) if batch else ""


@fault("kill_after_publish", "kill -9 of the workers when the bank has the file, unknown to us")
def kill_after_publish(scene: Scene) -> str:
    """The worst moment of all: the file is out and the portal does not know it yet."""
    with frozen_workers(scene.world):
        batch = _released_batch(scene)
        if not batch:
            return ""
        is_out = lambda: is_published(scene.world, batch["number"])  # noqa: E731
        return _die_at(scene, HELD["lines"], [batch["id"]], is_out)


@fault("kill_at_booking", "kill -9 of the workers while one books the bank's answer")
def kill_at_booking(scene: Scene) -> str:
    world = scene.world
    with frozen_workers(world):
        batch = _released_batch(scene)
        if not batch:
            return ""
        state = "SELECT state FROM benefits_payoutbatch WHERE id = %s"

        def is_answered() -> bool:
            return [row["state"] for row in world.rows(state, batch["id"])] == ["reconciling"]

        return _die_at(scene, HELD["budget"], [batch["id"]], is_answered)


@fault("kill_at_receipt", "kill -9 of the workers while one takes in a file of the bank")
def kill_at_receipt(scene: Scene) -> str:
    lock = "SELECT pg_advisory_xact_lock(%s)"
    return _die_at(scene, lock, [RECEIVE_LOCK], lambda: True)


@fault("wake_up_lost", "FLUSHALL when a list's only wake-up waits")
def wake_up_lost(scene: Scene) -> str:
    world = scene.world
    with frozen_workers(world):
        if not _released_batch(scene):
            return ""
        return lose_messages(world)


def lose_messages(world: World) -> str:
    """Empty the broker; "" when nothing was in it."""
    try:
        with world.valkey() as valkey:
            held, _done = valkey.pipeline().llen("celery").flushall().execute()
    except redis.RedisError:
        return ""
    return f"{held} messages lost" if held else ""
