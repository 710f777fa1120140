"""Explain what keeps the portal from starting, one line per problem, each with its cure.

Runs before Django's settings are read, so that it also works when they cannot be.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from unionportal.embedded import checks, programs
from unionportal.embedded import places as layout
from unionportal.embedded.errors import StartError
from unionportal.embedded.identity import server_identity
from unionportal.settings import env
from unionportal.settings.env import PORTAL_DATA

PYTHONS = ((3, 11), (3, 14))


def main() -> int:
    """Print every finding; return 1 when one of them is a problem."""
    problems = 0
    for name, look in _LOOKS.items():
        try:
            finding, mark = look(), "ok     "
        except StartError as error:
            finding, mark = str(error), "PROBLEM"
            problems += 1
        sys.stdout.write(f"{mark} {name}: {finding}\n")
    sys.stdout.write("Nothing is wrong.\n" if not problems else f"{problems} to cure.\n")
    return 1 if problems else 0


def _python() -> str:
    lowest, highest = PYTHONS
    found = sys.version_info[:2]
    if not lowest <= found <= highest:
        raise StartError(
            f"Python {found[0]}.{found[1]} is not 3.11 to 3.14: install one and run script/up."
        )
    return sys.version.split()[0]


def _folder() -> str:
    layout.check_folder(PORTAL_DATA)
    return str(PORTAL_DATA)


def _disk() -> str:
    layout.check_disk(PORTAL_DATA if PORTAL_DATA.is_dir() else Path.cwd())
    return "enough room"


def _secrets() -> str:
    if not env.SECRETS_DIR.is_dir():
        return "none yet; script/up makes them"
    for path in sorted(env.SECRETS_DIR.iterdir()):
        if not os.access(path, os.R_OK):
            raise StartError(f"{path} cannot be read by this user: change its owner.")
        if path.stat().st_mode & 0o077:
            raise StartError(f"{path} can be read by others: run chmod 600 {path}.")
    return f"in {env.SECRETS_DIR}"


def _postgres() -> str:
    if os.environ.get("DATABASE_URL"):
        return "DATABASE_URL is set and used"
    found = programs.find_postgres()
    home = _noted_home()
    chosen = programs.choose_postgres(home / "postgres", found)
    identity = server_identity(home / "postgres")
    if chosen.package is None and not identity.can_run(chosen.folder / "postgres"):
        raise StartError(f"{chosen.folder} cannot be run by account {identity.uid}.")
    others = [f"{p.version} in {p.folder}" for p in found if p is not chosen]
    also = f" (also found: {'; '.join(others)})" if others else ""
    return f"{chosen.version} in {chosen.folder}{also}"


def _valkey() -> str:
    if os.environ.get("REDIS_URL"):
        return "REDIS_URL is set and used"
    found = programs.find_valkey()
    return f"{found.version}, {found.program}"


def _noted_home() -> Path:
    note = PORTAL_DATA / "server-home"
    return Path(note.read_text(encoding="utf-8").strip()) if note.is_file() else PORTAL_DATA


def _running() -> str:
    noted = checks.read_runtime(PORTAL_DATA / "runtime.json")
    if not checks.held(PORTAL_DATA):
        if noted:
            raise StartError(
                f"{PORTAL_DATA / 'runtime.json'} is left from a run that was killed; the next"
                " script/up replaces it."
            )
        return "not running"
    if dead := list(_dead(noted)):
        raise StartError(f"Running, but {', '.join(dead)} is not: read {PORTAL_DATA / 'logs'}.")
    return f"running at {noted.get('url', 'an address not known yet')}"


def _dead(noted: dict[str, object]) -> Iterator[str]:
    children = noted.get("children")
    for name, pid in children.items() if isinstance(children, dict) else ():
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            yield str(name)
        except PermissionError:
            continue


def _port() -> str:
    if checks.held(PORTAL_DATA):
        return "held by the running portal"
    checks.check_port("127.0.0.1", 8000)
    return "8000 is free"


_LOOKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "data folder": _folder,
    "disk": _disk,
    "secrets": _secrets,
    "PostgreSQL": _postgres,
    "Valkey": _valkey,
    "portal": _running,
    "port": _port,
}
