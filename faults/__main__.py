"""Break everything while money moves; docs/howto/faults.md tells how to read the answer."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

from faults import (
    kinds,  # noqa: F401 - importing it registers the faults
    mutants,
)
from faults.registry import registered
from faults.run import Plan, Run

LAST_LINE = (
    "orders", "payments", "faults_injected", "faults_effective", "lost", "duplicated",
    "false_paid", "blind", "stuck", "over_budget", "unattributed", "broken", "seconds_to_build",
    "seconds_of_faults", "seconds_to_rest", "seed", "commit",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="script/faults", description=__doc__)
    root.add_argument("--orders", type=int, default=200)
    root.add_argument("--faults", type=int, default=15, help="effective faults wanted")
    root.add_argument("--seed", type=int, help="drawn when not given")
    root.add_argument("--people", type=int, default=20, help="people paid by each programme")
    root.add_argument("--channels", nargs="+", choices=("bank_file", "wechat"),
                      default=["bank_file", "wechat"])  # fmt: skip
    root.add_argument("--only", nargs="+", choices=sorted(registered), default=[], metavar="FAULT")
    root.add_argument("--replay", type=Path, help="a log of an earlier run")
    root.add_argument("--log", type=Path, help="append this run's log, one JSON line")
    root.add_argument("--keep", action="store_true", help="keep the world's folder")
    root.add_argument("--mutants", action="store_true", help="show that broken portals turn red")
    root.add_argument("--mutant", nargs="+", default=[], metavar="NAME", help="these only")
    root.add_argument("--stop-when-red", action="store_true", help="end at the first finding")
    root.add_argument("--rest", type=float, default=300.0, help="seconds until stuck is stuck")
    root.add_argument("--tables", type=Path, help="dump of the empty tables; written when absent")
    root.add_argument("--sql", type=Path, help=argparse.SUPPRESS)
    root.add_argument("--list", action="store_true", help="name the faults and end")
    return root


def plan_of(options: argparse.Namespace) -> Plan:
    """Return what is asked for, or what an earlier run's log says was done."""
    if options.replay:
        earlier = json.loads(options.replay.read_text(encoding="utf-8").splitlines()[-1])
        schedule = tuple(kind for kind, _proof in earlier["proofs"])
        return Plan(earlier["orders"], earlier["faults_effective"], earlier["seed"],
                    earlier["people"], schedule=schedule, keep=options.keep)  # fmt: skip
    sql = options.sql.read_text(encoding="utf-8") if options.sql else ""
    return Plan(options.orders, options.faults, seed_of(options), options.people,
                only=tuple(options.only), keep=options.keep, sql=sql,
                stops_when_red=options.stop_when_red, rest=options.rest,
                tables=options.tables, channels=tuple(options.channels))  # fmt: skip


def seed_of(options: argparse.Namespace) -> int:
    return random.SystemRandom().randrange(10**9) if options.seed is None else int(options.seed)


def tell(report: dict[str, Any]) -> None:
    for kind, (tried, bitten) in report["by_kind"].items():
        print(f"{kind:28} injected {tried:4}  effective {bitten:4}")
    for kind, why in report["not_injected"].items():
        print(f"{kind:28} not injected: {why}")
    for kind, found in report["found"].items():
        print(f"{kind}: {', '.join(found)}")
    print(json.dumps({name: report[name] for name in LAST_LINE}), flush=True)


def _stopped(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    options = parser().parse_args()
    if options.list:
        for name, one in sorted(registered.items()):
            print(f"{name:28} {one.words}")
        return 0
    signal.signal(signal.SIGTERM, _stopped)
    if options.mutants or options.mutant:
        return mutants.main(seed_of(options), options.mutant)
    plan = plan_of(options)
    report = {**Run(plan).perform(), "people": plan.people}
    if options.log:
        with options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(report, ensure_ascii=False) + "\n")
    tell(report)
    return 0 if report["is_clean"] else 1


if __name__ == "__main__":
    sys.exit(main())
