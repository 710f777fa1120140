"""The whole portal as real programs in a temporary folder, watched by the product's supervisor."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row

from faults.disk import SmallDisk
from faults.wallclock import WallClock
from unionportal.embedded import children, programs, servers
from unionportal.embedded import places as layout
from unionportal.embedded.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parents[1]
TASK_PROCESSES = 4
DATABASE_MEGABYTES, UPLOAD_MEGABYTES = 700, 64
SPEEDS = ("fsync", "synchronous_commit", "full_page_writes")
CALL_SECONDS = 300


class WorldError(Exception):
    """The world could not be built or asked."""


class World:
    """Database, broker, two workers, two schedulers, web and bank; every one may be killed."""

    def __init__(self, seed: int, misbehave: float) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portal-faults-"))
        self.folder.chmod(0o711)
        self.seed, self.misbehave = seed, misbehave
        self.bank_folder, self.bank_db = self.folder / "bank", self.folder / "bank.sqlite3"
        self.places = layout.prepare(self.folder / "data")
        self.wechat_keys, self.wechat_db = self.folder / "keys", self.folder / "wechat.sqlite3"
        self.counterparties = {
            "bank": ("simulators.bank", self.bank_db),
            "wechat": ("simulators.wechatpay", self.wechat_db),
        }
        self.web_port, self.wechat_port = _free_ports(2)
        self.environment = self._environment()
        self.supervisor = Supervisor(self._note, first_pause=0.2)
        self.programs: dict[str, Child] = {}
        self.database_disk = SmallDisk(self.folder / "small", DATABASE_MEGABYTES)
        self.upload_disk = SmallDisk(self.places.data / "files", UPLOAD_MEGABYTES)
        self.clock = WallClock(self.folder)
        self.restarts: list[str] = []

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "unionportal.settings.test",
            "DATABASE_URL": self.places.database_url,
            "REDIS_URL": self.places.redis_url,
            "PORTAL_DATA": str(self.places.data),
            "BANK_FOLDER": str(self.bank_folder),
            "WECHAT_PAY_KEYS": str(self.wechat_keys),
            "WECHAT_PAY_API": f"http://127.0.0.1:{self.wechat_port}",
            "WECHAT_PAY_NOTIFY_URL": f"http://127.0.0.1:{self.web_port}/pay/wechat/",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",
        }

    def _note(self, line: str) -> None:
        self.restarts.append(line)

    # ---- life ----------------------------------------------------------------------------------

    def begin(self, tables: Path | None = None) -> None:
        """Start everything; the database is durable from the moment money can move.

        `tables` names a dump of empty tables to begin with; one that is absent is written.
        """
        self._start_servers()
        self._on_small_disks()
        with self._hasty():
            self._fill(tables)
        self._start_counterparties()
        self._start_portal()

    def _fill(self, tables: Path | None) -> None:
        """Make the tables: out of a dump of the same commit's, or by the migrations."""
        steps = [("migrate", "-v", "0"), ("createcachetable",), ("seed_schedules",)]
        if tables is not None and tables.exists():
            restore(self.tools, tables, self.places.sockets)
            steps = steps[2:]
        for words in steps:
            self.call("manage.py", *words)
        if tables is not None and not tables.exists():
            dump(self.tools, tables, str(self.places.sockets), "unionportal")

    def _start_servers(self) -> None:
        postgres = programs.choose_postgres(self.places.postgres, programs.find_postgres())
        postgres = programs.reachable_postgres(postgres, self.places.identity, self.places.home)
        servers.initialise(postgres, self.places, durable=False)
        self.tools = postgres.folder
        database = self._start("database", servers.postgres_child(postgres, self.places))
        valkey = programs.reachable_valkey(
            programs.find_valkey(), self.places.identity, self.places.home
        )
        broker = self._start("valkey", servers.valkey_child(valkey, self.places, durable=False))
        servers.wait_for_valkey(broker, self.places)
        servers.wait_for_database(database, self.places)

    def _on_small_disks(self) -> None:
        identity = self.places.identity
        self.upload_disk.mount((os.geteuid(), os.getegid()))
        if self.database_disk.mount((identity.uid, identity.gid)):
            space = self.database_disk.folder / "tables"
            identity.make_folder(space)
            with self.connect("postgres") as connection:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
                connection.execute("ALTER DATABASE unionportal SET TABLESPACE small")

    @contextmanager
    def _hasty(self) -> Iterator[None]:
        """Write without waiting for the disk while the empty tables are made."""
        with self.connect() as connection:
            for name in SPEEDS:
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")
            yield
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CHECKPOINT")

    def _start_portal(self) -> None:
        logs = self.places.logs
        for number in (1, 2):
            worker = children.worker(logs, processes=TASK_PROCESSES)
            self._start_mine(f"worker{number}", worker)
            self._start_mine(f"beat{number}", children.beat(logs))
        self._start_mine("web", children.web(logs, "127.0.0.1", self.web_port))

    def _start_counterparties(self) -> None:
        self._start_mine("bank", self._bank(), true_clock=True)
        self._start_mine("wechat", self._wechat(), true_clock=True)
        self.wait(30, self.wechat_keys.joinpath("merchant.json").exists)

    def _wechat(self) -> Child:
        words = ["simulators.wechatpay", "serve", "--port", str(self.wechat_port)]
        words += ["--keys", str(self.wechat_keys), "--db", str(self.wechat_db)]
        words += ["--confirm-after", "0.5", "--close-after", "20", "--seed", str(self.seed)]
        words += ["--misbehave", str(self.misbehave), "--misbehave-notices", str(self.misbehave)]
        child = children.bank(self.places.logs, self.bank_folder)
        return replace(child, command=[sys.executable, "-m", *words])

    def _bank(self) -> Child:
        child = children.bank(self.places.logs, self.bank_folder)
        words = ["simulators.bank", "serve", "--folder", str(self.bank_folder)]
        words += ["--db", str(self.bank_db), "--poll", "0.3", "--no-batch-dedupe"]
        words += ["--seed", str(self.seed), "--misbehave", str(self.misbehave)]
        return replace(child, command=[sys.executable, "-m", *words])

    def _start_mine(self, name: str, child: Child, *, true_clock: bool = False) -> None:
        log = self.places.logs / f"{name}.log"
        environment = {**self.environment, **({} if true_clock else self.clock.environment)}
        own = replace(child, name=name, log=log, folder=ROOT, environment=environment)
        self._start(name, own)

    def _start(self, name: str, child: Child) -> Child:
        self.programs[name] = child
        return self.supervisor.start(child)

    def end(self, *, keep: bool = False) -> None:
        """Stop every program and remove the folder, unless it is to be looked at."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if driver := self.programs.pop("driver", None):
            driver.stop()
        self.supervisor.stop()
        layout.remove_sockets(self.places)
        self.database_disk.unmount()
        self.upload_disk.unmount()
        if not keep:
            for folder in {self.folder, self.places.home}:
                shutil.rmtree(folder, ignore_errors=True)

    # ---- time ----------------------------------------------------------------------------------

    def wait(self, seconds: float, until: Callable[[], Any] = lambda: False) -> Any:
        """Let the world go on, dead programs being started again; return what `until` says."""
        ends = time.monotonic() + seconds
        while not (seen := until()) and time.monotonic() < ends:
            self.supervisor.tick()
            time.sleep(0.01)
        return seen

    # ---- programs ------------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        process = self.programs[name].process
        return process.pid if process else 0

    def is_back(self, name: str, dead: int) -> bool:
        return self.programs[name].alive and self.pid(name) != dead

    def expect_death(self, name: str) -> None:
        """Have the supervisor start this program again at once: its death is our doing."""
        child = self.programs[name]
        child.quick_deaths, child.started_at = 0, 0.0

    def signal(self, name: str, number: signal.Signals, *, group: bool = True) -> int:
        """Send a signal to a program, with its children unless told otherwise; return its id."""
        pid = self.pid(name)
        if number in {signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT}:
            self.expect_death(name)
        (os.killpg if group else os.kill)(pid, number)
        return pid

    def task_processes(self, name: str) -> list[int]:
        """Return the ids of a worker's own child processes."""
        pid = self.pid(name)
        listing = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            return [int(word) for word in listing.read_text(encoding="ascii").split()]
        except OSError:
            return []

    def log_size(self, name: str) -> int:
        path = self.programs[name].log
        return path.stat().st_size if path.exists() else 0

    def logged(self, name: str, since: int, words: str) -> int:
        """Count the lines of a program's log, from a byte on, that hold these words."""
        with self.programs[name].log.open("rb") as log:
            log.seek(since)
            return sum(words.encode() in line for line in log)

    # ---- asking --------------------------------------------------------------------------------

    def call(self, *words: str) -> str:
        """Run one of the project's programs to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environment, capture_output=True,
            text=True, timeout=CALL_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise WorldError(f"{' '.join(words)}: {done.stderr[-2_000:]}")
        return done.stdout

    def order(self, who: str, *words: str) -> None:
        """Tell a counterparty what to do wrong next."""
        module, database = self.counterparties[who]
        self.call("-m", module, "plan", *words, "--db", str(database))

    def read(self, who: str, query: str, *values: Any) -> list[dict[str, Any]]:
        """Read the own books of a counterparty."""
        address = f"file:{self.counterparties[who][1]}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def connect(self, name: str = "unionportal") -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(
            host=str(self.places.sockets), user=servers.USER, dbname=name, autocommit=True,
            connect_timeout=3, row_factory=dict_row, application_name="faults",
        )  # fmt: skip

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query; none while the database is away."""
        try:
            with self.connect() as connection:
                return connection.execute(query, values or None).fetchall()
        except psycopg.Error:
            return []

    def valkey(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.places.valkey_socket), socket_timeout=5)

    def waiting(self) -> int:
        """Return how many messages wait in the broker or are being worked on."""
        try:
            with self.valkey() as valkey:
                return int(valkey.llen("celery")) + int(valkey.hlen("unacked"))
        except redis.RedisError:
            return 0


def dump(tools: Path, target: Path, host: str, database: str) -> None:
    """Write the tables and rows of a database into a file."""
    words = ["-h", host, "-U", servers.USER, "-Fc", "-f", str(target), database]
    _tool(tools / "pg_dump", *words)


def restore(tools: Path, source: Path, sockets: Path) -> None:
    words = ["-h", str(sockets), "-U", servers.USER, "-d", "unionportal", "--no-owner", str(source)]
    _tool(tools / "pg_restore", *words)


def _tool(program: Path, *words: str) -> None:
    done = subprocess.run([str(program), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WorldError(f"{program.name}: {done.stderr[-1_000:]}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _one in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def dice(seed: int, what: str) -> random.Random:
    """Return the dice of one part of a run, the same for the same seed."""
    return random.Random(f"{seed}|{what}")
