"""script/walkthrough [URL] [--workbook FILE]: the portal's main job, as people do it."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from simulators.people import enrolling, looking, paying
from simulators.people.enrolling import World
from simulators.people.portal import NotReached, Portal

STEPS: list[tuple[str, str, Callable[[World], str]]] = [
    ("a", "units, areas, employers", enrolling.browse),
    ("b", "an enrolment drive", enrolling.open_drive),
    ("c", "people enrolled three ways", enrolling.enrol),
    ("d", "applications approved", enrolling.approve),
    ("e", "member cards", paying.cards),
    ("f", "50 yuan on activation", paying.payout),
    ("g", "the worker's phone", looking.worker_status),
    ("h", "coverage", looking.coverage),
    ("i", "a service point", looking.service_point),
    ("j", "the REST API", looking.rest_api),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/walkthrough", description=__doc__)
    parser.add_argument("url", nargs="?", help="address of a running portal (default: this one's)")
    parser.add_argument("--workbook", type=Path, help="a firm's roster to upload in step c")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="who is made up")
    options = parser.parse_args()
    try:
        portal = Portal.running(options.url)
    except NotReached as why:
        print(why, file=sys.stderr)
        return 1
    world = World(portal, options.seed)
    if options.workbook:
        world.file, world.file_name = options.workbook.read_bytes(), options.workbook.name
    print(f"walking through {portal.url} with seed {options.seed}")
    return walk(world)


def walk(world: World) -> int:
    """Do every step; a failed one is told and the next is tried all the same."""
    passed = 0
    for letter, title, step in STEPS:
        started = time.monotonic()
        try:
            seen = step(world)
        except NotReached as why:
            print(f"{letter}) {title}: FAILED: {why}")
        except Exception:
            print(f"{letter}) {title}: FAILED")
            traceback.print_exc()
        else:
            passed += 1
            print(f"{letter}) {title}: {seen} [{time.monotonic() - started:.1f} s]")
        sys.stdout.flush()
    print(f"{passed} passed, {len(STEPS) - passed} failed")
    return 0 if passed == len(STEPS) else 1


if __name__ == "__main__":
    sys.exit(main())
