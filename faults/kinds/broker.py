"""The broker: emptied, killed, full, slow, or giving every message twice."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import uuid

import redis

from faults.kinds.processes import WORKERS, wait_for_work
from faults.registry import Scene, fault
from faults.world import World

QUEUE = "celery"


@fault("flushall", "FLUSHALL while messages wait")
def flushall(scene: Scene) -> str:
    world = scene.world
    for _try in range(200):
        if wait_for_work(world, 3):
            with world.valkey() as valkey, contextlib.suppress(redis.RedisError):
                held, taken, _done = (
                    valkey.pipeline().llen(QUEUE).hlen("unacked").flushall().execute()
                )
                if held + taken:
                    return f"{held} waiting and {taken} taken messages were lost"
    return ""


@fault("kill_broker", "kill -9 and restart of the broker")
def kill_broker(scene: Scene) -> str:
    world = scene.world
    held = wait_for_work(world)
    dead = world.signal("valkey", signal.SIGKILL)
    back = world.wait(15, lambda: world.is_back("valkey", dead) and _answers(world))
    return f"valkey: {dead} became {world.pid('valkey')}, {held} messages lost" if back else ""


def _answers(world: World) -> bool:
    try:
        with world.valkey() as valkey:
            return bool(valkey.ping())
    except redis.RedisError:
        return False


def _refused(world: World) -> int:
    with world.valkey() as valkey:
        return int(valkey.info("errorstats").get("errorstat_OOM", {}).get("count", 0))


@fault("broker_full", "the broker refuses every write (maxmemory)")
def broker_full(scene: Scene) -> str:
    world = scene.world
    with world.valkey() as valkey:
        before = _refused(world)
        valkey.config_set("maxmemory", 1)
        try:
            world.wait(3)
            refused = world.wait(4, lambda: _refused(world) - before)
        finally:
            valkey.config_set("maxmemory", 0)
    return f"{refused} writes refused" if refused else ""


@fault("broker_slow", "the broker answers after 500 ms")
def broker_slow(scene: Scene) -> str:
    world = scene.world
    slowest, ends = 0.0, time.monotonic() + 4
    with world.valkey() as valkey:
        before = int(valkey.info("stats")["total_commands_processed"])
        while time.monotonic() < ends:
            with contextlib.suppress(redis.RedisError):
                valkey.execute_command("CLIENT", "PAUSE", "500", "ALL")
                began = time.monotonic()
                valkey.ping()
                slowest = max(slowest, time.monotonic() - began)
            world.wait(0.01)
        done = int(valkey.info("stats")["total_commands_processed"]) - before
    return f"{done} commands within 4 s, slowest {slowest:.1f} s" if slowest >= 0.4 else ""


@fault("tasks_twice", "every message is in the queue twice")
def tasks_twice(scene: Scene) -> str:
    """Hold the workers until messages pile up, then put a twin beside each."""
    world = scene.world
    for name in WORKERS:
        world.signal(name, signal.SIGSTOP)
    with world.valkey() as valkey:
        world.wait(6, lambda: valkey.llen(QUEUE) >= 4)
        found = valkey.lrange(QUEUE, 0, -1)
        for body in found:
            valkey.rpush(QUEUE, _twin(body))
    for name in WORKERS:
        world.signal(name, signal.SIGCONT)
    return f"{len(found)} messages doubled" if found else ""


def _twin(body: bytes) -> str:
    message = json.loads(body)
    message["properties"]["delivery_tag"] = str(uuid.uuid4())
    return json.dumps(message)
