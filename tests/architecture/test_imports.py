"""Imports go down only: faces → outreach, benefits → stations → members → core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("unionportal", "members", "stations", "outreach", "benefits")
# Per line: a module that exists, and an import it must not make.
PLANTED = [
    ("unionportal/core/roles.py", "from members.models import Person"),
    ("members/signals.py", "from outreach.models import Drive"),
    ("outreach/signals.py", "from benefits import signals"),
    ("unionportal/worker/apps.py", "from unionportal.api import urls"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts of `folder` on the packages in it."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the packages and their contracts, to plant things in."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", "migrations")
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    return folder


def test_imports_keep_the_contracts(copy):
    done = lint(copy)
    assert (done.returncode, "0 broken" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(("module", "line"), PLANTED)
def test_a_planted_upward_import_breaks_them(copy, module, line):
    path = copy / module
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = lint(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "1 broken" in done.stdout
    assert module.removesuffix(".py").replace("/", ".") in done.stdout
