"""A whole portal of real processes: database, Valkey, worker, scheduler and bank, all killable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql
from psycopg.rows import dict_row

from unionportal.embedded.programs import find_valkey

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"}


class World:
    """Processes of one test module; each is started in a group of its own and killed by its id."""

    def __init__(self, folder: Path, database: dict[str, Any]) -> None:
        self.folder, self.server = folder, database
        self.name = f"faults_{os.getpid()}"
        self.bank_folder, self.bank_db = folder / "bank", folder / "bank.sqlite3"
        self.socket = folder / "valkey.sock"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    # ---- life ----------------------------------------------------------------------------------

    def begin(self) -> None:
        with self._admin() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
        self._start("valkey", [
            str(find_valkey().program), "--port", "0", "--unixsocket", str(self.socket),
            "--dir", str(self.folder), "--save", "", "--maxmemory-policy", "noeviction",
        ])  # fmt: skip
        until(self.socket.exists, 20)
        self.manage("migrate", "-v", "0")
        self.manage("createcachetable")
        self.manage("seed_schedules")
        self.start_worker()
        self.start_beat()
        self.start_bank()

    def end(self) -> None:
        for name in list(self.running)[::-1]:
            self.kill(name)
        with self._admin() as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(self.name)))

    def start_worker(self) -> None:
        self._start("worker", [
            sys.executable, "-m", "celery", "-A", "unionportal", "worker", "--loglevel", "INFO",
            "--pool", "prefork", "--concurrency", "2", "--without-mingle", "--without-gossip",
        ])  # fmt: skip

    def start_beat(self) -> None:
        self._start("beat", [sys.executable, "-m", "celery", "-A", "unionportal", "beat",
                             "--loglevel", "INFO", "--pidfile="])  # fmt: skip

    def start_bank(self) -> None:
        self._start("bank", [
            sys.executable, "-m", "simulators.bank", "serve", "--folder", str(self.bank_folder),
            "--db", str(self.bank_db), "--poll", "0.3", "--no-batch-dedupe",
        ])  # fmt: skip

    def _start(self, name: str, command: list[str]) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Kill a program with its children, by their process group; return its id."""
        process = self.running.pop(name)
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            process.poll()
        process.wait(timeout=20)
        return process.pid

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a program and its children."""
        os.killpg(self.running[name].pid, number)

    def restart_worker(self) -> None:
        """Kill the worker with -9, as a power cut would, and start another in its place."""
        dead = self.kill("worker")
        self.start_worker()
        assert self.running["worker"].pid != dead

    def kill_children(self, name: str) -> list[int]:
        """Kill a program's child processes with -9 and leave the program itself."""
        parent = self.running[name].pid
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        children = [int(word) for word in text.split()]
        for child in children:
            os.kill(child, signal.SIGKILL)
        return children

    @property
    def environment(self) -> dict[str, str]:
        server = self.server
        host = str(server["HOST"]).replace("/", "%2F")
        secret = f":{server['PASSWORD']}" if server.get("PASSWORD") else ""
        port = f":{server['PORT']}" if server.get("PORT") else ""
        address = f"postgres://{server['USER']}{secret}@{host}{port}/{self.name}"
        return {
            **os.environ, **QUIET,
            "DJANGO_SETTINGS_MODULE": "unionportal.settings.test",
            "DATABASE_URL": address,
            "REDIS_URL": f"redis+socket://{self.socket}?virtual_host=0",
            "PORTAL_DATA": str(self.folder / "data"),
            "BANK_FOLDER": str(self.bank_folder),
        }  # fmt: skip

    # ---- doing ---------------------------------------------------------------------------------

    def manage(self, *words: str) -> None:
        self._call([sys.executable, "manage.py", *words])

    def driver(self, *words: str) -> Any:
        return json.loads(self._call([sys.executable, "-m", "tests.faults.driver", *words]))

    def bank(self, *words: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "simulators.bank", *words, "--db", str(self.bank_db)]
        return [json.loads(line) for line in self._call(command).splitlines()]

    def _call(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3_000:]
        return done.stdout.strip().splitlines()[-1] if "driver" in command[2] else done.stdout

    # ---- seeing --------------------------------------------------------------------------------

    def connect(self, name: str | None = None) -> psycopg.Connection[Any]:
        server = self.server
        return psycopg.connect(
            dbname=name or self.name, host=server["HOST"] or None, port=server.get("PORT") or None,
            user=server["USER"] or None, password=server.get("PASSWORD") or None,
            row_factory=dict_row,
        )  # fmt: skip

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection[Any]]:
        with self.connect("postgres") as connection:
            connection.autocommit = True
            yield connection

    def one(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row."""
        with self.connect() as connection:
            row = connection.execute(query, values).fetchone()
        return next(iter(row.values())) if row else None

    @contextmanager
    def locked(self, query: str, *values: Any) -> Iterator[None]:
        """Hold the rows of a FOR UPDATE query, so that the worker stops exactly there."""
        with self.connect() as connection:
            assert connection.execute(query, values).fetchall()
            yield
            connection.rollback()

    def someone_waits(self) -> bool:
        """Say whether a worker's transaction hangs at a lock of ours."""
        return bool(
            self.one(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = %s"
                " AND wait_event_type = 'Lock'",
                self.name,
            )
        )

    def valkey(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))

    def batch_state(self, batch: str) -> str:
        return str(self.one("SELECT state FROM benefits_payoutbatch WHERE id = %s", batch))


def until(seen: Callable[[], Any], seconds: float, pause: float = 0.02) -> float:
    """Wait until `seen()` is true; return how long that took, fail after `seconds`."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < seconds, f"not seen within {seconds} s"
        time.sleep(pause)
    return time.monotonic() - began
