"""Typed helpers that read configuration and fail loudly.

A value comes from the environment variable, else from the file named by ``<NAME>_FILE``, else from
the secret file ``PORTAL_DATA/secrets/<NAME>`` that ``manage.py up`` generates (mode 0600).
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

BASE_DIR = Path(__file__).resolve().parents[2]
PORTAL_DATA = Path(os.environ.get("PORTAL_DATA", BASE_DIR / ".local")).resolve()
SECRETS_DIR = PORTAL_DATA / "secrets"


def text(name: str, default: str | None = None) -> str:
    """Return the setting ``name``; raise ImproperlyConfigured when absent and no default."""
    if os.environ.get(name):
        return os.environ[name]
    if file_name := os.environ.get(f"{name}_FILE"):
        return Path(file_name).read_text(encoding="utf-8").strip()
    generated = SECRETS_DIR / name
    if generated.is_file():
        return generated.read_text(encoding="utf-8").strip()
    if default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it, or {name}_FILE, or run script/up once to generate it."
        )
    return default


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no setting; anything but 1/0, true/false, yes/no is refused."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, default: int) -> int:
    """Return a whole-number setting."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated setting as a list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def key(name: str) -> bytes:
    """Return a base64 key of 32 bytes."""
    try:
        value = base64.b64decode(text(name), validate=True)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be base64.") from None
    if len(value) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64, not {len(value)}.")
    return value


def cache_address(broker: str) -> str:
    """Return the cache's address: database 1 of the server whose database 0 is the broker."""
    parts = urlsplit(broker)
    if parts.scheme == "redis+socket":
        return f"unix://{parts.path}?db=1"
    return parts._replace(path="/1").geturl()


def address(name: str, default: str) -> str:
    """Return a server's address: as configured, else as the running supervisor wrote it."""
    if os.environ.get(name) or os.environ.get(f"{name}_FILE"):
        return text(name)
    return runtime(name) or default


def runtime(name: str) -> str | None:
    """Return an address that the running supervisor wrote (PORTAL_DATA/runtime.json), or None."""
    path = PORTAL_DATA / "runtime.json"
    if not path.is_file():
        return None
    value = json.loads(path.read_text(encoding="utf-8")).get(name)
    return str(value) if value else None


def database(address: str) -> dict[str, Any]:
    """Return Django's settings for a database address; a socket folder may be percent-coded."""
    config: dict[str, Any] = Env.db_url_config(address)
    config["HOST"] = unquote(config["HOST"])
    config["OPTIONS"] = {"connect_timeout": 3, **config.get("OPTIONS", {})}
    return config
