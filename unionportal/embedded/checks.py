"""What must be free before the portal starts: its port and its data folder."""

from __future__ import annotations

import errno
import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unionportal.embedded.errors import StartError


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program holds or that this user may not open."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the web server does: a connection of the last run that is still closing is no harm.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartError(
                    f"Port {port} is used by another program: stop it, or choose another port,"
                    f" for example --port {port + 1 if port < 65535 else port - 1}."
                ) from None
            raise StartError(
                f"Port {port} cannot be opened ({error.strerror}): choose another one with --port."
            ) from None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder for the length of the block; StartError when it is held already."""
    with (data / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(_already(data)) from None
        yield


def held(data: Path) -> bool:
    """Tell whether a running portal holds the data folder."""
    if not (data / "up.lock").is_file():
        return False
    with (data / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_runtime(path: Path) -> dict[str, object]:
    """Return what the running portal noted about itself; empty when there is no note."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _already(data: Path) -> str:
    noted = read_runtime(data / "runtime.json")
    where = f" at {noted['url']} (process {noted['pid']})" if noted.keys() >= {"url", "pid"} else ""
    return (
        f"The portal already runs from {data}{where}: stop that one first, or set PORTAL_DATA"
        " to another folder."
    )
