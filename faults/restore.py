"""The restore drill: back up, pay on, lose it all, restore, ask the bank, pay nobody twice.

`script/drill-restore [--people N]`. The last line is one JSON object with the times and the counts;
the exit code is 1 when anybody was paid twice or a difference is left.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import django

from faults.world import ROOT, World
from unionportal.embedded import programs, servers

TOOLS = ("pg_dump", "pg_restore", "dropdb", "createdb")


class Clockwork:
    """A world with only a database, a broker and a bank in it, and a stopwatch."""

    def __init__(self) -> None:
        self.world = World(seed=1, misbehave=0)
        self.dump = self.world.folder / "portal.dump"
        self.times: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.times[name] = round(time.monotonic() - began, 1)
        sys.stdout.write(f"{name}: {self.times[name]} s\n")

    def begin(self) -> None:
        self.world._start_servers()
        self.world.call("manage.py", "migrate", "-v", "0")
        self.world.call("manage.py", "createcachetable")
        os.environ.update(self.world.environment)
        django.setup()

    def bank(self, *words: str) -> str:
        places = ["--db", str(self.world.bank_db), "--folder", str(self.world.bank_folder)]
        return self.world.call("-m", "simulators.bank", *words, *places)

    def tool(self, name: str, *words: str) -> None:
        postgres = programs.choose_postgres(self.world.places.postgres, programs.find_postgres())
        program = Path(postgres.folder) / name
        found = str(program) if program.exists() else name
        where = ["-h", str(self.world.places.sockets), "-U", servers.USER]
        subprocess.run([found, *where, *words], check=True, cwd=ROOT)

    def back_up(self) -> None:
        self.tool("pg_dump", "-Fc", "-f", str(self.dump), "unionportal")

    def restore(self) -> None:
        from django.db import connections  # noqa: PLC0415 - after django.setup()

        connections.close_all()
        self.tool("dropdb", "--force", "unionportal")
        self.tool("createdb", "unionportal")
        self.tool("pg_restore", "--no-owner", "-d", "unionportal", str(self.dump))

    def payments(self) -> list[str]:
        """Return the order number of every payment in the bank's own ledger."""
        address = f"file:{self.world.bank_db}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return [number for (number,) in connection.execute("SELECT order_no FROM payments")]


def perform(clock: Clockwork, people: int) -> dict[str, Any]:
    """Run the drill; return its report."""
    clock.begin()
    from faults import restoring  # noqa: PLC0415 - it needs the settings of this world

    drill = restoring.drill(clock.world.bank_folder, clock.bank, people)
    drill.found()
    drill.pay()
    drill.join()
    drill.pay(is_answered=False)  # with the bank when the backup is made
    drill.join()
    with clock.timed("back_up"):
        clock.back_up()
    drill.listen()
    drill.pay()  # paid by the bank, and then forgotten here
    at_bank = len(clock.payments())
    with clock.timed("restore"):
        clock.restore()
    is_locked = drill.is_locked()
    is_refused = drill.is_refused()
    with clock.timed("reconcile"):
        unattributed = drill.reconcile()
        drill.unlock()
    with clock.timed("pay_again"):
        drill.join()
        drill.pay()
    return report(clock, drill, {
        "people": people, "paid_before_restore": at_bank, "locked": is_locked,
        "release_refused": is_refused, "unknown_here_after_restore": unattributed,
    })  # fmt: skip


def report(clock: Clockwork, drill: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Count: the bank's own ledger against the restored portal."""
    clock.bank("statement")
    drill.listen()
    orders = clock.payments()
    here = drill.paid_here()
    return {
        **found,
        "payments_at_bank": len(orders),
        "paid_twice": len(orders) - len(set(orders)),
        "paid_here_only": len(here - set(orders)),
        "paid_there_only": len(set(orders) - here),
        "differences_left": len(drill.differences()),
        "times": clock.times,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/drill-restore", description=__doc__)
    parser.add_argument("--people", type=int, default=50, help="in each of four lists")
    options = parser.parse_args()
    clock = Clockwork()
    try:
        found = perform(clock, options.people)
    finally:
        clock.world.end()
    sys.stdout.write(json.dumps(found) + "\n")
    zeros = ("paid_twice", "paid_here_only", "paid_there_only")
    is_clean = not any(found[name] for name in zeros)
    return 0 if is_clean and found["locked"] and found["release_refused"] else 1


if __name__ == "__main__":
    sys.exit(main())
