"""The folder through which the run and its driver talk; the list in it is the driver's own."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIST, ORDER, PROGRESS = "list.jsonl", "order.json", "progress"
READY, STOP, LEAVE = "ready", "stop", "leave"
CROWD, CROWD_DONE = "crowd", "crowd.done"


@dataclass(frozen=True)
class Owed:
    """One programme as the driver means it: each account gets `fen`, at most `reaches` of them."""

    code: str
    fen: int
    accounts: list[str]
    reaches: int
    channel: str


class Papers:
    """Small files, each written by one side only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, value: Any = "") -> None:
        part = self.folder / f".{name}"
        part.write_text(json.dumps(value), encoding="utf-8")
        part.replace(self.folder / name)

    def read(self, name: str, default: Any = None) -> Any:
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def drop(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def owe(self, owed: Owed) -> None:
        """Write down what is about to be ordered, durably, before anything is done."""
        with (self.folder / LIST).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(owed)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def owed(self) -> list[Owed]:
        path = self.folder / LIST
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Owed(**json.loads(line)) for line in lines]

    def orders(self) -> int:
        """Return how many payments are owed so far."""
        return sum(owed.reaches for owed in self.owed())
