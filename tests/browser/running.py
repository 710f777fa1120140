"""The whole portal in processes of its own, as `script/up` runs it, with the demo district."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
# Addresses and settings of the other tests' servers are not this portal's.
GIVEN = ("DATABASE_URL", "REDIS_URL", "PORTAL_DATA", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
KEYS = ("FIELD_KEY", "INDEX_KEY", "ORDER_KEY")


class RunningPortal:
    """One ``manage.py up``; `url` and the demo's `accounts` are there once it is ready."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {n: v for n, v in os.environ.items() if n not in GIVEN + KEYS}
        self.environment["PORTAL_DATA"] = str(data)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(_free_port())],
            cwd=PROJECT, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.url = self._wait_ready()
        accounts = json.loads((data / "demo-accounts.json").read_text(encoding="utf-8"))
        self.accounts: list[dict[str, str]] = accounts

    def _wait_ready(self) -> str:
        said = []
        for line in self.process.stdout or ():
            said.append(line)
            if line.startswith("ready "):
                return line.split()[1]
        raise AssertionError("The portal did not start:\n" + "".join(said))

    def account(self, role: str) -> dict[str, str]:
        """Return the first demo account of a role."""
        return next(account for account in self.accounts if account["role"] == role)

    def bank(self, *words: str) -> list[dict[str, Any]]:
        """Tell the simulated bank something, beside its running service; return its answer."""
        ledger = str(self.data / "bank" / "ledger.sqlite3")
        command = [sys.executable, "-m", "simulators.bank", *words, "--db", ledger]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def logs(self, name: str) -> str:
        """Return what a child program wrote."""
        return (self.data / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> list[str]:
        """Stop it; return what is left: processes, sockets, notes."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=40)
        finally:
            self.kill()
        left = [path.name for path in self.data.glob("run*")]
        return left + _processes_below(self.data)

    def kill(self) -> None:
        """Make sure that the program is gone."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _processes_below(data: Path) -> list[str]:
    """Return the command lines of every process that was told about ``data``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            about = words + (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in about:
            found.append(words.replace(b"\0", b" ").decode())
    return found
