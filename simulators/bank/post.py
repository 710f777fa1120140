"""The bank's post room: takes request files in, queues answers in the ledger, delivers them."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from simulators.bank import files
from simulators.bank.ledger import Ledger

CHINA = timezone(timedelta(hours=8))


def china_now() -> datetime:
    return datetime.now(CHINA)


def crash_point(name: str) -> None:
    """Die here, as by a power cut, when the environment asks for it (fault tests)."""
    if os.environ.get("SIMULATED_BANK_DIES_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)


def safe_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:80]


def write_whole(path: Path, body: bytes) -> None:
    """Write under a hidden name, then rename, so that no reader sees half a file."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    crash_point("before-rename")
    part.replace(path)


@dataclass(frozen=True)
class Habits:
    """How this bank behaves: `dedupes` = re-answers a batch it knows instead of paying again."""

    seed: int = 0
    answer_delay: float = 0
    dedupes: bool = True
    misbehave: float = 0
    auto_activate: float | None = None


class Post:
    """Folder, ledger, habits and clock: what every desk of the bank shares."""

    def __init__(
        self,
        ledger: Ledger,
        folder: Path | None = None,
        habits: Habits | None = None,
        clock: Callable[[], datetime] = china_now,
    ) -> None:
        self.ledger, self.habits, self.clock = ledger, habits or Habits(), clock
        self.folder = folder or Path()
        for name in ("out", "in", "done") if folder else ():
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def stamp(self) -> str:
        return f"{self.clock():%Y%m%d%H%M%S}"

    def today(self) -> str:
        return self.stamp()[:8]

    def now(self) -> float:
        return self.clock().timestamp()

    def take(self) -> None:
        """Move requests to the bank's side, each under an arrival number used only once."""
        for path in sorted((self.folder / "out").iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            with self.ledger.transaction():
                arrival = self.ledger.write("INSERT INTO arrivals (name) VALUES (?)", path.name)
            crash_point("before-take")
            path.replace(self.stored(arrival, path.name))

    def stored(self, arrival: int, name: str) -> Path:
        return self.folder / "done" / f"{arrival:06d}_{safe_name(name)}"

    def unhandled(self) -> Iterator[tuple[int, str, bytes]]:
        for row in self.ledger.rows("SELECT * FROM arrivals WHERE handled_at IS NULL ORDER BY id"):
            path = self.stored(row["id"], row["name"])
            if path.exists():
                yield row["id"], row["name"], path.read_bytes()

    def queue(
        self,
        name: str,
        body: bytes,
        batch: str = "",
        number: int | None = None,
        delay: float = 0,
        is_spoiled: bool = False,
    ) -> None:
        """Store an answer for delivery `delay` seconds after the usual delay."""
        self.ledger.write(
            "INSERT INTO outgoing (name, body, batch, number, due_at, is_spoiled)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(name, body, batch, number, self.now() + self.habits.answer_delay + delay, is_spoiled),
        )

    def queue_refusal(self, batch: str, code: str, text: str, answers: str = "") -> None:
        self.queue(f"X_{batch}.txt", files.encode([("X", batch, code, text)]), answers)

    def queue_again(self, batch: str) -> None:
        self.ledger.write("UPDATE outgoing SET written_at = NULL WHERE batch = ?", batch)

    def next_number(self, batch: str) -> int:
        row = self.ledger.row("SELECT max(number) AS last FROM outgoing WHERE batch = ?", batch)
        return (row["last"] or 0) + 1 if row else 1

    def deliver(self) -> None:
        """Write the answers that are due; a crash in between writes the same file again."""
        with self.ledger.transaction():
            due = self.ledger.rows(
                "SELECT * FROM outgoing WHERE written_at IS NULL AND due_at <= ? ORDER BY id",
                self.now(),
            )
            for row in due:
                write_whole(self.folder / "in" / row["name"], row["body"])
                crash_point("before-mark")
                self.ledger.write(
                    "UPDATE outgoing SET written_at = ? WHERE id = ?", self.stamp(), row["id"]
                )
