"""The shared folder: we write to out/, the bank writes to in/.

Both sides write under a name that begins with a dot and rename, so nobody reads half a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from benefits.profiles.reading import MOST_BYTES


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file the bank has left for us. Of an oversized one only the first bytes are read."""

    path: Path
    name: str
    content: bytes


def stage(name: str, content: bytes, token: UUID) -> None:
    """Write a whole file beside out/'s visible ones, under a name only `token` knows."""
    with _staged(name, token).open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def publish(name: str, token: UUID) -> bool:
    """Show the staged file to the bank; return False when that was done before.

    The rename uses the staged file up, so it happens once, whoever tries and however often.
    """
    try:
        _staged(name, token).rename(_folder("out") / name)
    except FileNotFoundError:
        return False
    return True


def drop_staged(name: str, token: UUID) -> None:
    """Remove a staged file that will never be published."""
    _staged(name, token).unlink(missing_ok=True)


def _staged(name: str, token: UUID) -> Path:
    return _folder("out") / f".{name}.{token.hex}.part"


def arrivals() -> list[Arrival]:
    """Return the files in in/, by name."""
    found = []
    for path in sorted(_folder("in").iterdir()):
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        except FileNotFoundError:  # another worker has taken it
            continue
        name = os.fsencode(path.name).decode("utf-8", "replace")
        found.append(Arrival(path, name[:120], content))
    return found


def remove(arrival: Arrival) -> None:
    """Take a file away once its row is committed; its content is kept encrypted with the row."""
    arrival.path.unlink(missing_ok=True)


def _folder(side: str) -> Path:
    folder = Path(settings.BANK_FOLDER) / side
    folder.mkdir(parents=True, exist_ok=True)
    return folder
