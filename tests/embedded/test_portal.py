"""The whole portal: started, killed piece by piece, refused a second time, stopped clean."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from unionportal.embedded import bootstrap
from unionportal.embedded import places as layout
from unionportal.embedded.portal import Options, Portal

PROJECT = Path(__file__).resolve().parents[2]
GIVEN = ("DATABASE_URL", "REDIS_URL", "PORTAL_DATA")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """One ``manage.py up`` of the test settings, its output kept line by line."""

    def __init__(self, data: Path):
        kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
        settings = {"DJANGO_SETTINGS_MODULE": "unionportal.settings.test"}
        self.data = data
        self.environment = {**kept, **settings, "PORTAL_DATA": str(data)}
        self.port = free_port()
        self.process = self.start(self.port)
        self.lines: list[str] = []

    def start(self, port: int) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)]
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read_until(self, beginning: str) -> str:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith(beginning):
                return line.rstrip()
        raise AssertionError(f"{beginning!r} never came: {self.lines}")

    @property
    def noted(self) -> dict:
        return json.loads((self.data / "runtime.json").read_text(encoding="utf-8"))

    def health(self) -> dict:
        url = f"http://127.0.0.1:{self.port}/health/ready"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def kill(self, name: str) -> int:
        """Kill a child the hard way and return the id of its successor."""
        old = self.noted["children"][name]
        os.kill(old, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while (new := self.noted["children"][name]) == old:
            assert time.monotonic() < deadline, f"{name} was not started again"
            time.sleep(0.05)
        return new


@pytest.fixture
def running(data):
    run = Run(data)
    yield run
    if run.process.poll() is None:
        run.process.kill()
    run.process.stdout.close()
    run.process.wait()


def processes_below(data: Path) -> list[str]:
    """Return the command lines of every process that was told about ``data``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            about = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in about:
            found.append(about.split(b"\0")[0].decode())
    return found


def test_portal_from_start_to_stop(running, data):
    assert running.read_until("ready") == f"ready http://127.0.0.1:{running.port}"
    parts = dict.fromkeys(["web", "database", "worker", "beat", "cache"], "ok")
    assert running.health() == parts
    assert (data / "runtime.json").stat().st_mode & 0o777 == 0o600
    assert list(running.noted["children"]) == ["postgres", "valkey", "web", "worker", "beat"]

    second = running.start(free_port())
    said, _nothing = second.communicate(timeout=30)
    assert (second.returncode, said) == (
        1,
        f"The portal already runs from {data} at http://127.0.0.1:{running.port} (process"
        f" {running.process.pid}): stop that one first, or set PORTAL_DATA to another folder.\n",
    )

    running.kill("worker")
    running.kill("web")
    # In 1 s when it died soon after its start, at once on a machine slow enough to be later.
    ended = "The (worker|web server) was ended by SIGKILL; starting it again in [01] s."
    said = [running.read_until("The worker"), running.read_until("The web server")]
    assert [re.fullmatch(ended, line) is not None for line in said] == [True, True]

    running.process.send_signal(signal.SIGTERM)
    running.read_until("Stopping")
    assert running.process.wait(timeout=40) == 0
    assert processes_below(data) == []
    assert not (data / "runtime.json").exists()
    assert not (data / "run").exists()


ACCOUNTS = [
    {"username": "qian", "password": "p1", "totp_secret": "ABC", "role": "auditor",
     "role_name": "Auditor", "unit": "示例区总工会"},
    {"username": "field.officer", "password": "p22", "totp_secret": "DEFG", "role": "field_officer",
     "role_name": "Field officer", "unit": "甲街道总工会"},
]  # fmt: skip


def test_announce_shows_address_accounts_and_ready_line(data, settings):
    (data / "demo-accounts.json").write_text(json.dumps(ACCOUNTS), encoding="utf-8")
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    lines = []
    Portal(Options(), layout.prepare(data), lines.append).announce()
    assert lines[:5] == [
        "\nThe portal is at http://127.0.0.1:8000",
        f"Demo accounts (also in {data / 'demo-accounts.json'}):",
        "  user name      password  one-time code key  role",
        "  qian           p1        ABC                Auditor",
        "  field.officer  p22       DEFG               Field officer",
    ]
    assert lines[5].startswith("started in 0.")
    assert lines[6:] == ["ready http://127.0.0.1:8000"]


def test_announce_on_the_network_shows_the_worker_page(data):
    lines = []
    Portal(Options(demo=False, lan=True), layout.prepare(data), lines.append).announce()
    url = bootstrap.address(8000, lan=True)
    assert lines[1].startswith(f"Workers of this network open {url}/\n█")
    assert lines[-1] == "ready http://127.0.0.1:8000"
