"""Collect the static files only when one of them has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect(stamp: Path, say: Callable[[str], None]) -> None:
    """Collect and compress the static files unless ``stamp`` shows that nothing changed."""
    now = _fingerprint()
    root = Path(settings.STATIC_ROOT)
    if root.is_dir() and stamp.is_file() and stamp.read_text(encoding="ascii") == now:
        return
    say("Preparing the pages' static files…")
    call_command("collectstatic", verbosity=0, interactive=False, clear=root.is_dir())
    stamp.write_text(now, encoding="ascii")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(None):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
