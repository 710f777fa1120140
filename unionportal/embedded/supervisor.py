"""Run child programs, start a dead one again, stop all of them in reverse order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from unionportal.embedded.errors import StartError, last_words
from unionportal.embedded.identity import Identity, Switch

QUICK_SECONDS = 10.0
QUICK_DEATHS = 5
LONGEST_PAUSE = 8.0
LOG_LIMIT = 10 * 1024 * 1024
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """A program to keep alive; ``name`` is what the operator reads."""

    name: str
    command: list[str]
    log: Path
    folder: Path = Path("/")
    environment: dict[str, str] | None = None
    identity: Identity | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    quick_deaths: int = field(default=0, init=False)
    start_again_at: float | None = field(default=None, init=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the program in a session of its own, its output going to the log."""
        _turn_over(self.log)
        with os.fdopen(os.open(self.log, LOG_FLAGS, 0o600), "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(_die_with_parent, self.stop_signal),
                **(self.identity.arguments if self.identity else Switch()),
            )
        self.started_at = time.monotonic()
        self.start_again_at = None

    def stop(self) -> None:
        """Ask the program to end, then end it and whatever it left in its process group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.patience)
        self.sweep()
        self.process.wait()

    def sweep(self) -> None:
        """Kill what is left of the program's process group (its own children included)."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def said(self) -> str:
        """Return the last line of the log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4096))
            return last_words(log.read().decode(errors="replace"))


def _die_with_parent(stop_signal: signal.Signals) -> None:
    """Have Linux stop the program when the supervisor itself is killed."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, stop_signal)


def _turn_over(log: Path) -> None:
    if log.is_file() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


class Supervisor:
    """Keeps children in the order they were started."""

    def __init__(
        self,
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        first_pause: float = 1.0,
    ) -> None:
        self.say = say
        self.changed = changed
        self.first_pause = first_pause
        self.children: list[Child] = []

    def start(self, child: Child) -> Child:
        """Start a child and keep it alive from now on."""
        self.children.append(child)
        child.start()
        return child

    def tick(self) -> None:
        """Notice dead children and start them again when their pause is over."""
        for child in self.children:
            if child.start_again_at is not None:
                if time.monotonic() >= child.start_again_at:
                    child.start()
                    self.changed()
            elif not child.alive:
                self._bury(child)

    def _bury(self, child: Child) -> None:
        child.sweep()
        quick = time.monotonic() - child.started_at < QUICK_SECONDS
        child.quick_deaths = child.quick_deaths + 1 if quick else 0
        if child.quick_deaths >= QUICK_DEATHS:
            raise StartError(
                f"The {child.name} stopped {QUICK_DEATHS} times within seconds of starting"
                f" ({child.said()}): read {child.log}."
            )
        doubled = self.first_pause * 2 ** (child.quick_deaths - 1)
        pause = min(LONGEST_PAUSE, doubled) if quick else 0.0
        child.start_again_at = time.monotonic() + pause
        self.say(f"The {child.name} {_ending(child)}; starting it again in {pause:.0f} s.")

    def run(self, every: float = 0.25) -> None:
        """Watch the children until a signal or StartError ends the watch."""
        while True:
            self.tick()
            time.sleep(every)

    def stop(self) -> None:
        """Stop every child, the last started first."""
        while self.children:
            self.children[-1].stop()
            self.children.pop()


def _ending(child: Child) -> str:
    code = child.process.returncode if child.process else 0
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
