"""Disks without a free byte: the database's and the one for uploads."""

from __future__ import annotations

from faults.disk import SmallDisk
from faults.registry import Scene, fault
from faults.world import World

SPACE_WORDS = "No space left on device"
WORKER_LOGS = ("worker1", "worker2")


def _no_mount(disk: SmallDisk) -> str:
    return "" if disk.is_mounted else "this account may not mount a tmpfs"


def _fill(scene: Scene, disk: SmallDisk, logs: tuple[str, ...]) -> str:
    world = scene.world
    since = {name: world.log_size(name) for name in logs}

    def met() -> int:
        return sum(world.logged(name, since[name], SPACE_WORDS) for name in logs)

    with disk.full():
        world.wait(8, met)
        world.wait(1)
    return f"{met()} writes met a full disk" if met() else ""


@fault("database_disk_full", "no room for the database's tables",
       lambda world: _no_mount(world.database_disk))  # fmt: skip
def database_disk_full(scene: Scene) -> str:
    return _fill(scene, scene.world.database_disk, ("database",))


def _uploads(world: World) -> str:
    return _no_mount(world.upload_disk)


@fault("upload_disk_full", "no room for files that come in", _uploads)
def upload_disk_full(scene: Scene) -> str:
    return _fill(scene, scene.world.upload_disk, WORKER_LOGS)
