"""The wall clock jumps for workers, schedulers and web; the database keeps its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from faults.kinds.processes import BEATS, WORKERS
from faults.registry import Scene, fault
from faults.world import World

HOUR = 3_600
HERE = ZoneInfo("Asia/Shanghai")
SECONDS = 8.0


def _no_compiler(world: World) -> str:
    return "" if world.clock.can_jump else "no C compiler to build the clock's library with"


def _jump(scene: Scene, hours: int, seconds: float = SECONDS) -> str:
    """Set the clock wrong for some seconds; the programs' own logs prove it."""
    world = scene.world
    since = {name: world.log_size(name) for name in (*WORKERS, *BEATS)}
    wrong = datetime.now(HERE) + timedelta(hours=hours)
    world.clock.jump(hours * HOUR)
    try:
        world.wait(seconds)
    finally:
        world.clock.jump(0)
    seen = sum(world.logged(name, size, f"{wrong:%Y-%m-%d %H:}") for name, size in since.items())
    return f"{seen} lines logged at {wrong:%H} o'clock" if seen else ""


@fault("clock_forward", "the wall clock jumps 8 h forward and back", _no_compiler)
def clock_forward(scene: Scene) -> str:
    return _jump(scene, 8)


@fault("clock_back", "the wall clock jumps 8 h back and forward again", _no_compiler)
def clock_back(scene: Scene) -> str:
    return _jump(scene, -8)


@fault(
    "clock_odd", "the wall clock shows one hour twice, as at the end of summer time", _no_compiler
)
def clock_odd(scene: Scene) -> str:
    forward = _jump(scene, 1, 5.0)
    return forward and _jump(scene, -1, 5.0)
