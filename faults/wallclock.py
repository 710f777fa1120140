"""A wall clock that can be set: a small library is put between the portal's programs and theirs."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
VARIABLE = "FAULTS_CLOCK"


class WallClock:
    """The seconds by which the programs' clock is wrong; needs a C compiler."""

    def __init__(self, folder: Path) -> None:
        self.library, self.file = folder / "clock.so", folder / "clock"
        self.file.write_bytes(struct.pack("l", 0))
        self.can_jump = self._build()

    def _build(self) -> bool:
        compiler = shutil.which("cc")
        if compiler is None:
            return False
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(self.library), str(SOURCE)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    @property
    def environment(self) -> dict[str, str]:
        if not self.can_jump:
            return {}
        return {"LD_PRELOAD": str(self.library), VARIABLE: str(self.file)}

    def jump(self, seconds: int) -> None:
        """Set the clock by so many seconds from the true time, for all programs at once."""
        with self.file.open("r+b") as stream:
            stream.write(struct.pack("l", seconds))
