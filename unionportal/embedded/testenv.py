"""Run one command with a throw-away PostgreSQL and Valkey, then remove both.

``python -m unionportal.embedded.testenv [--postgres FOLDER] [--keep FOLDER] [--roomy] COMMAND …``
is what ``script/test`` starts pytest with. The command finds the servers in DATABASE_URL and
REDIS_URL. With ``--keep`` their data lies in that folder and is there again the next time; with
``--roomy`` PostgreSQL gets the memory it would have in service.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from unionportal.embedded import places as layout
from unionportal.embedded import programs, servers
from unionportal.embedded.errors import StartError
from unionportal.embedded.places import Places
from unionportal.embedded.programs import Postgres
from unionportal.embedded.supervisor import Supervisor


@contextmanager
def private_servers(
    data: Path, found: list[Postgres] | None = None, settings: Sequence[str] = servers.SMALL
) -> Iterator[Places]:
    """Run a fast, lossy PostgreSQL and a Valkey below ``data`` for the length of the block."""
    places = layout.prepare(data)
    supervisor = Supervisor(_complain)
    try:
        database = servers.start_postgres(
            supervisor,
            places,
            found or programs.find_postgres(),
            durable=False,
            settings=settings,
        )
        broker = servers.start_valkey(supervisor, places)
        servers.wait_for_database(database, places)
        servers.wait_for_valkey(broker, places)
        yield places
    finally:
        supervisor.stop()
        layout.remove_sockets(places)


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _given(folder: str | None) -> list[Postgres] | None:
    if folder is None:
        return None
    if (postgres := programs.postgres_at(Path(folder).resolve())) is None:
        raise StartError(f"The folder {folder} holds no working initdb and postgres (15 to 18).")
    return [postgres]


def _stopped(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def run(
    command: list[str],
    postgres: str | None = None,
    keep: str | None = None,
    settings: Sequence[str] = servers.SMALL,
) -> int:
    """Run a command with private servers and return its exit code."""
    if keep is not None:
        with private_servers(Path(keep).resolve(), _given(postgres), settings) as places:
            return _run(command, places)
    data = Path(tempfile.mkdtemp(prefix="unionportal-test-"))
    data.chmod(0o711)
    home = data
    try:
        with private_servers(data, _given(postgres), settings) as places:
            home = places.home
            return _run(command, places)
    finally:
        for folder in {data, home}:
            shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], places: Places) -> int:
    addresses = {"DATABASE_URL": places.database_url, "REDIS_URL": places.redis_url}
    environment = {**os.environ, **addresses}
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Read the command line; print one sentence when the servers cannot start."""
    parser = argparse.ArgumentParser(prog="testenv", description=__doc__)
    parser.add_argument("--postgres", help="folder with the PostgreSQL programs to use")
    parser.add_argument("--keep", help="folder for the servers' data, used again the next time")
    parser.add_argument("--roomy", action="store_true", help="memory as a server in service has")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    settings = servers.roomy() if options.roomy else servers.SMALL
    signal.signal(signal.SIGTERM, _stopped)
    try:
        return run(options.command, options.postgres, options.keep, settings)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
