"""One run of the whole portal, from the first check to the last process stopped."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
import segno
from django.conf import settings
from django.db import DatabaseError, connections

from unionportal.embedded import children, database, programs, servers, static
from unionportal.embedded import places as layout
from unionportal.embedded.bootstrap import address
from unionportal.embedded.checks import check_port, only_one
from unionportal.embedded.errors import StartError
from unionportal.embedded.places import Places
from unionportal.embedded.supervisor import Supervisor

READY_SECONDS = 90.0
NEEDED = ("database", "worker", "beat")
# A proxy named in the environment must not be asked for this machine's own pages.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Options:
    """What the operator asked for."""

    port: int = 8000
    demo: bool = True
    lan: bool = False

    @property
    def host(self) -> str:
        return "0.0.0.0" if self.lan else "127.0.0.1"  # noqa: S104 -- asked for with --lan

    @property
    def local_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def run(options: Options, data: Path, say: Callable[[str], None]) -> None:
    """Start everything, keep it alive until a signal, stop everything.

    Raises StartError with one sentence when something cannot start or will not stay alive.
    """
    with only_one(data):
        check_port(options.host, options.port)
        try:
            Portal(options, layout.prepare(data), say).run()
        except (OSError, DatabaseError, StartError):
            # What fails first on a full disk is chance; the reason is always the same.
            if layout.is_full(data):
                raise StartError(layout.full_sentence(data)) from None
            raise


class Portal:
    """The running portal."""

    def __init__(self, options: Options, places: Places, say: Callable[[str], None]) -> None:
        self.options = options
        self.places = places
        self.say = say
        self.began = time.monotonic()
        self.supervisor = Supervisor(say, self.note)

    def run(self) -> None:
        """Start, watch and stop."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            self.start_servers()
            self.note()
            self.prepare()
            self.start_programs()
            self.wait_ready()
            self.announce()
            self.supervisor.run()
        except KeyboardInterrupt:
            self.say("Stopping…")
        finally:
            self.stop()

    def note(self) -> None:
        """Write the addresses and process ids for other commands."""
        pids = {c.log.stem: c.process.pid for c in self.supervisor.children if c.process}
        values = {
            "url": self.options.local_url,
            "pid": os.getpid(),
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "REDIS_URL": os.environ["REDIS_URL"],
            "children": pids,
        }
        layout.write_runtime(self.places, values)

    def start_servers(self) -> None:
        """Start the private servers unless addresses of others were given."""
        private_database = os.environ["DATABASE_URL"] == self.places.database_url
        private_broker = os.environ["REDIS_URL"] == self.places.redis_url
        if private_database:
            found = programs.find_postgres()
            postgres = servers.start_postgres(self.supervisor, self.places, found)
        if private_broker:
            valkey = servers.start_valkey(self.supervisor, self.places)
            servers.wait_for_valkey(valkey, self.places)
        else:
            _require_broker()
        if private_database:
            servers.wait_for_database(postgres, self.places)

    def prepare(self) -> None:
        """Bring database and static files up to date."""
        database.require_database()
        database.migrate(self.say)
        database.seed(self.say, demo=self.options.demo)
        connections.close_all()
        static.collect(self.places.data / "staticfiles.stamp", self.say)

    def start_programs(self) -> None:
        """Start the portal's own programs, all at once."""
        logs = self.places.logs
        self.supervisor.start(children.web(logs, self.options.host, self.options.port))
        self.supervisor.start(children.worker(logs))
        self.supervisor.start(children.beat(logs))
        if self.options.demo:
            self.supervisor.start(children.bank(logs, Path(settings.BANK_FOLDER)))
            keys, gateway = Path(settings.WECHAT_PAY_KEYS), settings.WECHAT_PAY_API
            if gateway.startswith("http://127.0.0.1:"):
                self.supervisor.start(children.wechat(logs, keys, gateway))
        self.note()

    def wait_ready(self) -> None:
        """Wait until the health page has seen database, web, worker and scheduler at work."""
        deadline = time.monotonic() + READY_SECONDS
        while (state := _health(self.options.local_url)) != "ok":
            self.supervisor.tick()
            if time.monotonic() > deadline:
                raise StartError(
                    f"The portal was not ready after {READY_SECONDS:.0f} s ({state}): read the"
                    f" logs in {self.places.logs}."
                )
            time.sleep(0.2)

    def announce(self) -> None:
        """Print the address, the demo accounts, the start time and the line ``ready URL``."""
        self.say(f"\nThe portal is at {settings.PUBLIC_URL}")
        if self.options.demo:
            self._show_accounts()
        if self.options.lan:
            url = f"{address(self.options.port, lan=True)}/"
            picture = io.StringIO()
            segno.make(url).terminal(out=picture, compact=True)
            self.say(f"Workers of this network open {url}\n{picture.getvalue()}")
        self.say(f"started in {time.monotonic() - self.began:.1f} s; Ctrl-C stops everything")
        self.say(f"ready {self.options.local_url}")

    def _show_accounts(self) -> None:
        path = self.places.data / "demo-accounts.json"
        if not path.is_file():
            return
        self.say(f"Demo accounts (also in {path}):")
        rows = json.loads(path.read_text(encoding="utf-8"))
        table = [("user name", "password", "one-time code key", "role")]
        table += [(r["username"], r["password"], r["totp_secret"], r["role_name"]) for r in rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        for row in table:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.say("  " + "  ".join([*cells, row[3]]))

    def stop(self) -> None:
        """Stop every program in reverse order and remove what the run left."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.supervisor.stop()
        self.places.runtime.unlink(missing_ok=True)
        layout.remove_sockets(self.places)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _require_broker() -> None:
    cache = settings.CACHES["fast"]["LOCATION"]
    try:
        with redis.Redis.from_url(cache) as client:
            client.ping()
    except redis.RedisError:
        raise StartError(
            f"The server of REDIS_URL on {database.broker_host()} does not answer: start it, or"
            " correct REDIS_URL."
        ) from None


def _health(url: str) -> str:
    """Return ``ok``, or what the health page (or the lack of one) says is missing."""
    try:
        with _opener.open(f"{url}/health/ready", timeout=5) as answer:
            seen = json.load(answer)
    except urllib.error.HTTPError as error:
        return f"{url}/health/ready answers {error.code}: {_body(error)}"
    except (OSError, ValueError) as error:
        return f"{url} does not answer: {error}"
    missing = [name for name in NEEDED if seen.get(name) != "ok"]
    return f"not ready: {', '.join(missing)}" if missing else "ok"


def _body(error: urllib.error.HTTPError) -> str:
    return error.read(300).decode(errors="replace")
