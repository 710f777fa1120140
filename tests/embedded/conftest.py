"""A data folder that an unprivileged account can reach, and small programs to supervise."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from unionportal.embedded.supervisor import Child


@pytest.fixture
def data():
    """A short folder below the system's temporary one, open for passing as /var or /srv are."""
    folder = Path(tempfile.mkdtemp(prefix="portal-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_child(tmp_path):
    """Return a function that describes a small Python program as a child."""

    def make(source: str, name: str = "helper", **options) -> Child:
        command = [sys.executable, "-c", source]
        return Child(name=name, command=command, log=tmp_path / f"{name}.log", **options)

    return make


@pytest.fixture
def make_program(tmp_path):
    """Return a function that writes an executable that prints one line."""

    def make(path: Path, answer: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make
