"""Under which system account the two servers run."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from unionportal.embedded.errors import StartError


class Switch(TypedDict, total=False):
    """The keyword arguments that make ``subprocess`` run a program as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """A system account; ``switch`` says whether the process must become it first."""

    uid: int
    gid: int
    switch: bool

    @property
    def arguments(self) -> Switch:
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, path: Path) -> bool:
        """Tell whether this account may execute a program, or enter a folder."""
        if not self.switch:
            return os.access(path, os.X_OK)
        # Asking the kernel as that account also honours ACLs and mount options.
        test = ["/bin/sh", "-c", '[ -x "$1" ]', "sh", str(path)]
        return subprocess.run(test, cwd="/", check=False, **self.arguments).returncode == 0

    def make_folder(self, path: Path) -> None:
        """Create a folder that only this account can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.switch and path.stat().st_uid != self.uid:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)


def server_identity(existing: Path | None = None) -> Identity:
    """Return who runs the servers: this user, or as root the owner of ``existing`` or nobody."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), switch=False)
    if existing is not None and existing.is_dir() and existing.stat().st_uid != 0:
        # Data made by an ordinary user stays theirs when root starts the portal once.
        return Identity(existing.stat().st_uid, existing.stat().st_gid, switch=True)
    for name in ("nobody", "daemon"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(account.pw_uid, account.pw_gid, switch=True)
    raise StartError(
        "PostgreSQL refuses to run as root and this machine has no account named nobody:"
        " run the portal as an ordinary user."
    )
