"""Small disks of memory that can be filled up; only where this account may mount."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

MEBIBYTE = 1024 * 1024


class SmallDisk:
    """A tmpfs of its own at a folder."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self.megabytes = folder, megabytes
        self.is_mounted = False

    def mount(self, owner: tuple[int, int]) -> bool:
        """Mount it for `owner` (uid, gid); False where that is not allowed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={self.megabytes}m,mode=0711,uid={owner[0]},gid={owner[1]}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        with contextlib.suppress(OSError):
            done = subprocess.run(command, capture_output=True, check=False)
            self.is_mounted = done.returncode == 0
        return self.is_mounted

    def unmount(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
            self.is_mounted = False

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Leave no byte free for the length of the block."""
        balloon = self.folder / ".balloon"
        try:
            self._blow_up(balloon)
            yield
        finally:
            balloon.unlink(missing_ok=True)

    def _blow_up(self, balloon: Path) -> None:
        chunk = bytes(MEBIBYTE)
        with contextlib.suppress(OSError), balloon.open("wb", buffering=0) as stream:
            while os.statvfs(self.folder).f_bavail:
                stream.write(chunk)
