"""The private PostgreSQL and Valkey: Unix sockets only, closed to everybody else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import psycopg
import redis
from psycopg import sql

from unionportal.embedded import programs
from unionportal.embedded.errors import StartError, last_words
from unionportal.embedded.places import Places
from unionportal.embedded.programs import Postgres, Valkey
from unionportal.embedded.supervisor import Child, Supervisor

Answer = TypeVar("Answer")
USER = "unionportal"
EXTENSIONS = ["pg_trgm", "btree_gist"]
PATIENCE_SECONDS = 60.0
# Only for tests: a crash of the machine may lose data, a crash of the server may not.
FAST_AND_LOSSY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SMALL = ("shared_buffers=128MB",)  # beside other programs, as on the machine of a first look


def clean_environment() -> dict[str, str]:
    """Return an environment in which no PG* or locale variable changes what the servers do."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name != "LANGUAGE"
    }
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def initialise(postgres: Postgres, places: Places, *, durable: bool = True) -> None:
    """Create the database cluster unless there is one: UTF-8 characters, data checksums."""
    if programs.data_version(places.postgres) is not None:
        return
    command = [
        str(postgres.folder / "initdb"),
        f"--pgdata={places.postgres}",
        f"--username={USER}",
        # Whoever can open the socket folder (0700) is this account or root.
        "--auth=trust",
        "--encoding=UTF8",
        # With any other character type pg_trgm finds nothing in Chinese text, silently.
        "--locale=C.UTF-8",
        "--data-checksums",
        *([] if durable else ["--no-sync"]),
    ]
    answer = subprocess.run(
        command,
        cwd="/",
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        **places.identity.arguments,
    )
    if answer.returncode != 0:
        raise StartError(f"PostgreSQL could not make its data folder: {last_words(answer.stderr)}")


def roomy() -> tuple[str, ...]:
    """Return the memory settings of a database server in service (docs/howto/deploy.md)."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return (f"shared_buffers={min(4096, machine // 4)}MB", "max_wal_size=4GB")


def postgres_child(
    postgres: Postgres, places: Places, *, durable: bool = True, settings: Sequence[str] = SMALL
) -> Child:
    """Describe the private PostgreSQL as a child program."""
    options = [
        "listen_addresses=",
        f'unix_socket_directories="{places.sockets}"',
        "unix_socket_permissions=0700",
        "max_connections=100",
        *settings,
        *(() if durable else FAST_AND_LOSSY),
    ]
    arguments = [word for option in options for word in ("-c", option)]
    return Child(
        name="database",
        command=[str(postgres.folder / "postgres"), "-D", str(places.postgres), *arguments],
        log=places.logs / "postgres.log",
        environment=clean_environment(),
        identity=places.identity,
        stop_signal=signal.SIGINT,  # PostgreSQL's "fast shutdown": does not wait for clients
        patience=30.0,
    )


def valkey_child(valkey: Valkey, places: Places, *, durable: bool = True) -> Child:
    """Describe the private Valkey (or Redis) as a child program."""
    options = {
        "port": "0",
        "unixsocket": str(places.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(places.valkey),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child(
        name="message broker",
        command=[str(valkey.program), *arguments],
        log=places.logs / "valkey.log",
        environment=clean_environment(),
        identity=places.identity,
    )


def start_postgres(
    supervisor: Supervisor,
    places: Places,
    found: list[Postgres],
    *,
    durable: bool = True,
    settings: Sequence[str] = SMALL,
) -> Child:
    """Start the private PostgreSQL; ``wait_for_database`` tells when it answers."""
    chosen = programs.choose_postgres(places.postgres, found)
    postgres = programs.reachable_postgres(chosen, places.identity, places.home)
    initialise(postgres, places, durable=durable)
    child = postgres_child(postgres, places, durable=durable, settings=settings)
    return supervisor.start(child)


def start_valkey(supervisor: Supervisor, places: Places) -> Child:
    """Start the private Valkey; ``wait_for_valkey`` tells when it answers."""
    valkey = programs.reachable_valkey(programs.find_valkey(), places.identity, places.home)
    return supervisor.start(valkey_child(valkey, places))


def wait_for_database(child: Child, places: Places) -> None:
    """Wait until the private PostgreSQL answers; create the database the first time."""
    connection = _wait(child, lambda: _connect(places.sockets), psycopg.OperationalError)
    with connection:
        _require_extensions(connection)
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [USER]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(USER))
            )


def _connect(sockets: Path) -> psycopg.Connection:
    return psycopg.connect(host=str(sockets), user=USER, dbname="postgres", autocommit=True)


def _require_extensions(connection: psycopg.Connection) -> None:
    query = "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)"
    present = {name for (name,) in connection.execute(query, [EXTENSIONS])}
    if missing := [name for name in EXTENSIONS if name not in present]:
        raise StartError(
            f"This PostgreSQL lacks the extension {missing[0]}: install the package"
            " postgresql-contrib of the same version."
        )


def wait_for_valkey(child: Child, places: Places) -> None:
    """Wait until the private Valkey answers."""
    with redis.Redis(unix_socket_path=str(places.valkey_socket)) as client:
        _wait(child, client.ping, redis.RedisError)


def _wait(child: Child, attempt: Callable[[], Answer], not_yet: type[Exception]) -> Answer:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except not_yet as error:
            if not child.alive:
                raise StartError(
                    f"The {child.name} ended while starting ({child.said()}): read {child.log}."
                ) from None
            if time.monotonic() > deadline:
                raise StartError(
                    f"The {child.name} did not answer within {PATIENCE_SECONDS:.0f} s"
                    f" ({last_words(str(error))}): read {child.log}."
                ) from None
        time.sleep(0.05)
