"""Generate the installation's secrets once (mode 0600); never replace one."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from unionportal.embedded.places import write_private

NAMES = ("SECRET_KEY", "FIELD_KEY", "INDEX_KEY", "ORDER_KEY")


def fresh(name: str) -> str:
    """Return a new random value for a secret: text for Django, 32 bytes in base64 for a key."""
    if name == "SECRET_KEY":
        return secrets.token_urlsafe(48)
    return base64.b64encode(secrets.token_bytes(32)).decode()


def generate(folder: Path) -> list[str]:
    """Write the secrets that are missing and return their names."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    missing = [name for name in NAMES if not (folder / name).is_file()]
    for name in missing:
        write_private(folder / name, fresh(name))
    return missing
