"""Print the machine, then each job beside its anchor. No time is a failure; a wrong answer is."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import structlog
from django.core.management import call_command
from django.db import connection

from benchmarks.lists import Lists
from benchmarks.lookup import Lookups
from benchmarks.reports import Coverage
from benchmarks.roster import Rosters
from benchmarks.rounds import Pair, line, measure
from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import SIZES, Size

SETTINGS = ["server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem", "jit"]
JOBS: dict[str, Callable[[int], Iterable[Pair]]] = {
    "coverage": lambda _rows: [Coverage().pair()],
    "lists": lambda _rows: Lists().pairs(),
    "lookup": lambda _rows: Lookups().pairs(),
    "roster": lambda rows: [Rosters(rows).pair(rows)],
}


def main() -> int:
    """Build a district, measure, print; return 1 when an answer was wrong."""
    options = _options()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = Path(os.environ["PORTAL_DATA"])
    _say(*_facts())
    _prepare(SIZES[options.size], folder)
    wrong = sum(_measure(name, options) for name in options.only or JOBS)
    _say(_load("at the end"))
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="demo")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count; default 5")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the roster")
    parser.add_argument("--only", choices=list(JOBS), nargs="+")
    return parser.parse_args()


def _facts() -> Iterator[str]:
    """Say what the figures depend on."""
    yield f"machine: {os.cpu_count()} cores, {platform.machine()}, {_load('at the start')}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [SETTINGS]
        )
        found = dict(cursor.fetchall())
    shown = ", ".join(f"{name} {found[name]}" for name in SETTINGS)
    yield f"Python {platform.python_version()}; PostgreSQL {shown}"


def _load(when: str) -> str:
    return f"load {os.getloadavg()[0]:.1f} {when}"


def _prepare(size: Size, folder: Path) -> None:
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    build_district(size=size, random_seed=1, accounts_file=folder / "accounts.json")
    seconds = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    _say(f"district: {size.units:,} units, {size.members:,} members, built in {seconds:.1f} s")


def _measure(name: str, options: argparse.Namespace) -> int:
    """Measure the pairs of a job; return how many gave wrong answers."""
    wrong = 0
    for pair in JOBS[name](options.rows):
        result = measure(pair, options.rounds)
        _say(line(result))
        wrong += bool(result.wrong)
    return wrong


def _say(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
