"""Programs that die, freeze or are replaced."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from faults.registry import Scene, fault
from faults.world import World

WORKERS, BEATS = ("worker1", "worker2"), ("beat1", "beat2")
DUE = "Sending due task"


def wait_for_work(world: World, seconds: float = 5) -> int:
    """Wait until messages wait or are being worked on; return how many."""
    return int(world.wait(seconds, world.waiting) or 0)


@fault("kill_child", "kill -9 of one task process")
def kill_child(scene: Scene) -> str:
    world, name = scene.world, scene.dice.choice(WORKERS)
    world.wait(10, lambda: world.task_processes(name))
    wait_for_work(world)
    before = world.task_processes(name)
    if not before:
        return ""
    # The one that has worked most: idle ones are of no interest.
    victim = max(before, key=_cpu_time)
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    born = world.wait(15, lambda: set(world.task_processes(name)) - set(before))
    return f"{name}: process {victim} died, {sorted(born)} born" if born else ""


def _cpu_time(pid: int) -> int:
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return -1
    return int(words[11]) + int(words[12])


@fault("kill_worker", "kill -9 of a whole worker")
def kill_worker(scene: Scene) -> str:
    world, name = scene.world, scene.dice.choice(WORKERS)
    held = wait_for_work(world)
    dead = world.signal(name, signal.SIGKILL)
    back = world.wait(15, lambda: world.is_back(name, dead))
    return f"{name}: {dead} became {world.pid(name)}, {held} messages held" if back else ""


@fault("freeze_worker", "SIGSTOP of a worker for 5 s, then SIGCONT")
def freeze_worker(scene: Scene) -> str:
    world, name = scene.world, scene.dice.choice(WORKERS)
    held = wait_for_work(world)
    pid = world.signal(name, signal.SIGSTOP)
    world.wait(5)
    state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    world.signal(name, signal.SIGCONT)
    return f"{name} stood still for 5 s, {held} messages held" if state == "T" and held else ""


@fault("two_beats", "two schedulers on one slot")
def two_beats(scene: Scene) -> str:
    """Freeze both past a slot and let both go at once: both find the same slot due."""
    world = scene.world
    for name in BEATS:
        world.signal(name, signal.SIGSTOP)
    world.wait(5.2)
    since = {name: world.log_size(name) for name in BEATS}
    for name in BEATS:
        world.signal(name, signal.SIGCONT)

    def both() -> dict[str, int]:
        sent = {name: world.logged(name, since[name], DUE) for name in BEATS}
        return sent if all(sent.values()) else {}

    sent = world.wait(3, both)
    return f"both sent the slot's tasks: {sent}" if sent else ""


@fault("deploy_restart", "a deployment: SIGTERM to workers, schedulers and web at once")
def deploy_restart(scene: Scene) -> str:
    world, names = scene.world, (*WORKERS, *BEATS, "web")
    held = wait_for_work(world)
    dead = {name: world.signal(name, signal.SIGTERM, group=False) for name in names}
    back = world.wait(30, lambda: all(world.is_back(name, dead[name]) for name in names))
    return f"{len(names)} programs replaced, {held} messages held" if back and held else ""


@fault("kill_bank", "kill -9 of the counterparty while it works")
def kill_bank(scene: Scene) -> str:
    world = scene.world
    dead = world.signal("bank", signal.SIGKILL)
    back = world.wait(15, lambda: world.is_back("bank", dead))
    return f"bank: {dead} became {world.pid('bank')}" if back else ""
