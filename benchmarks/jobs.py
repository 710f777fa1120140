"""Measure one job beside its anchors: print the machine, the pairs, and one JSON line."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.db import connection

from benchmarks.districts import prepared
from benchmarks.imports import Imports
from benchmarks.lists import Lists
from benchmarks.lookup import Lookups
from benchmarks.payouts import Payouts
from benchmarks.reports import Coverage
from benchmarks.rounds import Pair, Result, line, measure
from benchmarks.search import Search
from benchmarks.tasks import Tasks
from unionportal.synthetic.sizes import SIZES

SETTINGS = ["server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem", "jit"]
# What a size is called here → the synthetic district it measures on.
DISTRICTS = {"smoke": "demo", "district": "district", "city": "city"}
MEASURED, NOT_MEASURED = 0, 2


@dataclass(frozen=True)
class Bench:
    """A job to measure: what it says in `--list`, and its pairs for a size."""

    words: str
    pairs: Callable[[str], Iterable[Pair]]


BENCHES = {
    "coverage": Bench("coverage by area, group and month", lambda _size: [Coverage().pair()]),
    "import": Bench("a spreadsheet read, judged and written", lambda size: Imports(size).pairs()),
    "lists": Bench("a page far down a list, files of it", lambda size: Lists(size).pairs()),
    "lookup": Bench("a worker asks for the own status", lambda _size: Lookups().pairs()),
    "payouts": Bench("a large programme paid and settled", lambda size: Payouts(size).pairs()),
    "search": Bench("the first page of what one types", lambda size: Search(size).pairs()),
    "tasks": Bench("orders carried by one worker", lambda size: Tasks(size).pairs()),
}


def main() -> int:
    """Measure; return 0 when that was possible, whatever came of it, and 2 when it was not."""
    options = _options()
    if options.list:
        _say(*(f"{name:10} {bench.words}" for name, bench in BENCHES.items()))
        return MEASURED
    if options.name is None or DISTRICTS[options.size] not in SIZES:
        _say("Name a bench of --list and a size there is data for.")
        return NOT_MEASURED
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    facts = _facts()
    _say(", ".join(f"{name} {value}" for name, value in facts.items()))
    folder = Path(os.environ["PORTAL_DATA"])
    keep = "KEEP_DISTRICT" in os.environ
    with prepared(SIZES[DISTRICTS[options.size]], folder, _say, keep=keep):
        results = _measure(options)
        details = {name: it for found in results for name, it in found.pair.details().items()}
    facts["load_after"] = round(os.getloadavg()[0], 1)
    _say(json.dumps(_verdict(options, results, details, facts)))
    return MEASURED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(BENCHES))
    parser.add_argument("--size", choices=list(DISTRICTS), default="smoke")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count; default 5")
    parser.add_argument("--list", action="store_true", help="name the benches")
    return parser.parse_args()


def _facts() -> dict[str, Any]:
    """Return what the figures depend on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [SETTINGS]
        )
        found = dict(cursor.fetchall())
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        **{name: found[name] for name in SETTINGS},
        "load_before": round(os.getloadavg()[0], 1),
    }


def _measure(options: argparse.Namespace) -> list[Result]:
    results = []
    for pair in BENCHES[options.name].pairs(options.size):
        results.append(measure(pair, pair.rounds or options.rounds))
        _say(line(results[-1]))
    return results


def _verdict(
    options: argparse.Namespace,
    results: list[Result],
    details: dict[str, Any],
    facts: dict[str, Any],
) -> dict[str, Any]:
    correct = not any(result.wrong for result in results)
    return {
        "bench": options.name,
        "size": options.size,
        "passed": correct
        and all(result.is_met for result in results)
        and not details.get("misses"),
        "correct": correct,
        "ratios": {result.pair.key: result.as_json() for result in results},
        "details": details,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "environment": facts,
    }


def _say(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
