"""One run: build the world, feed and break it, let it come to rest, count."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults import counting, papers
from faults.counting import Count
from faults.papers import Papers
from faults.registry import NOT_HERE, Fault, Scene, registered
from faults.world import ROOT, World, WorldError, dice
from unionportal.embedded.supervisor import Child

CLERK_EVERY = 8.0
TRIES_FOR_EACH = 3


@dataclass(frozen=True)
class Plan:
    """What was asked for. `only` names the faults to draw from; empty = all."""

    orders: int
    faults: int
    seed: int
    people: int = 20
    misbehave: float = 0.06
    only: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()
    keep: bool = False
    channels: tuple[str, ...] = ("bank_file", "wechat")
    sql: str = ""
    tables: Path | None = None
    stops_when_red: bool = False
    rest: float = 300.0  # security.md 3.1, I13


@dataclass
class Told:
    """One injected fault and what proved it; `proof` "" = it did not bite."""

    kind: str
    at: float
    proof: Any

    def settled(self) -> str:
        if callable(self.proof):
            self.proof = self.proof() or self.proof
        return "" if callable(self.proof) else str(self.proof)


@dataclass
class Run:
    plan: Plan
    told: list[Told] = field(default_factory=list)
    always: dict[str, list[str]] = field(default_factory=dict)
    built_within: float = 0.0
    settled_within: float = 0.0
    clerk_at: float = 0.0

    def perform(self) -> dict[str, Any]:
        """Do the run and return its report; the world is removed whatever happens."""
        began = time.monotonic()
        self.world = World(self.plan.seed, self.plan.misbehave)
        try:
            self.world.begin(self.plan.tables)
            if self.plan.sql:
                with self.world.connect() as connection:
                    connection.execute(self.plan.sql)
            self.papers = Papers(self.world.folder / "papers")
            self._start_driver()
            self.built_within = time.monotonic() - began
            return self._perform()
        finally:
            self.world.end(keep=self.plan.keep)

    def _perform(self) -> dict[str, Any]:
        began = time.monotonic()
        self._break()
        fed_until = time.monotonic() - began
        self._come_to_rest()
        differences = json.loads(self.world.call("-m", "faults.books").splitlines()[-1])
        count = counting.count(self.world, self.papers.owed(), differences)
        for name, subjects in self.always.items():
            count.add("broken", f"{name}: {subjects[:3]}")
        return self._report(count, fed_until)

    # ---- the driver ----------------------------------------------------------------------------

    def _start_driver(self) -> None:
        statement = [sys.executable, "-m", "simulators.bank", "ledger", "--db",
                     str(self.world.bank_db)]  # fmt: skip
        order = {"orders": self.plan.orders, "people": self.plan.people,
                 "statement": statement, "channels": self.plan.channels}  # fmt: skip
        self.papers.write(papers.ORDER, order)
        driver = Child(
            name="driver", command=[sys.executable, "-m", "faults.driver",
                                    str(self.papers.folder)],
            log=self.world.places.logs / "driver.log", folder=ROOT,
            environment=self.world.environment,
        )  # fmt: skip
        self.world.programs["driver"] = driver
        driver.start()
        if not self.world.wait(120, lambda: self.papers.has(papers.READY) or not driver.alive):
            raise WorldError("the driver was not ready within 120 s")
        self._require_driver()

    def _require_driver(self) -> None:
        driver = self.world.programs["driver"]
        if not driver.alive:
            raise WorldError(f"the driver ended: {driver.said()}")

    # ---- breaking ------------------------------------------------------------------------------

    def _break(self) -> None:
        chance = dice(self.plan.seed, "moments")
        self.world.wait(30, self.papers.owed)
        for chosen in self._schedule():
            if self.plan.stops_when_red and self.always:
                return
            self.world.wait(chance.uniform(0.05, 0.6))
            at = time.monotonic()
            try:
                proof = chosen.inject(Scene(self.world, self.papers, chance, self._check_rules))
            except Exception as error:  # one that failed did not bite
                proof = ""
                sys.stderr.write(f"{chosen.name}: {type(error).__name__}: {error}\n")
            self.told.append(Told(chosen.name, round(at, 1), proof))
            self._look()
            self.papers.write(papers.PROGRESS, self.effective / max(1, self.plan.faults))
            sys.stderr.write(f"{self.effective}/{self.plan.faults} {chosen.name}: "
                             f"{self.told[-1].settled() or 'not yet seen to bite'}\n")  # fmt: skip
        self.papers.write(papers.PROGRESS, 1.0)

    def _schedule(self) -> Iterator[Fault]:
        """Draw the faults in rounds, each kind once a round, until enough have bitten."""
        if self.plan.schedule:
            yield from (registered[name] for name in self.plan.schedule)
            return
        order = dice(self.plan.seed, "faults")
        only = self.plan.only or tuple(registered)
        able = [registered[name] for name in sorted(only)
                if not registered[name].missing(self.world)]  # fmt: skip
        most = self.plan.faults * TRIES_FOR_EACH + len(able)
        while able:
            for chosen in order.sample(able, len(able)):
                if self.effective >= self.plan.faults or len(self.told) >= most:
                    return
                yield chosen

    @property
    def effective(self) -> int:
        return sum(bool(told.settled()) for told in self.told)

    def _look(self) -> None:
        self._require_driver()
        self._check_rules()
        self._wake_clerk()

    def _check_rules(self) -> None:
        found = counting.broken_rules(self.world)
        if early := counting.believed_too_early(self.world):
            found["paid_before_it_was"] = early
        for name, subjects in found.items():
            known = self.always.setdefault(name, [])
            known.extend(set(subjects) - set(known))

    def _wake_clerk(self) -> None:
        """Let the bank's clerk answer what was left unanswered, and send spoiled files again."""
        if time.monotonic() - self.clerk_at > CLERK_EVERY:
            self.clerk_at = time.monotonic()
            self.world.order("bank", "answer-unanswered")
            self.world.order("bank", "resend")

    # ---- coming to rest ------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """Stop breaking and wait until nothing moves; what does not end in time is stuck."""
        began = time.monotonic()
        self.papers.write(papers.STOP)
        sys.stderr.write(f"{self.effective} bit; waiting for rest\n")
        self._calm_counterparties()
        self.world.wait(self.plan.rest, self._is_at_rest)
        self.settled_within = time.monotonic() - began
        self.papers.write(papers.LEAVE)
        driver = self.world.programs["driver"]
        self.world.wait(10, lambda: not driver.alive)

    def _calm_counterparties(self) -> None:
        """Let them answer everything from now on, properly."""
        for who in self.world.counterparties:
            program = self.world.programs[who]
            for place, word in enumerate(program.command):
                if word.startswith("--misbehave"):
                    program.command[place + 1] = "0"
            self.world.expect_death(who)
            program.stop()
            self.world.order(who, "clear")

    def _is_at_rest(self) -> bool:
        self._look()
        self.world.wait(0.5)
        # Messages of the dead stay in the broker for minutes; rows say whether anything is left.
        is_ordered = self.papers.orders() >= self.plan.orders and not self._lying_files()
        return is_ordered and not counting.unfinished(self.world) and self._all_served()

    def _lying_files(self) -> list[Path]:
        sides = [self.world.bank_folder / side for side in ("in", "out")]
        return [path for side in sides for path in side.iterdir()]

    def _all_served(self) -> bool:
        (row,) = self.world.rows("SELECT count(*) AS n FROM benefits_entitlement") or [{"n": 0}]
        return bool(row["n"] >= sum(len(one.accounts) for one in self.papers.owed()))

    # ---- telling -------------------------------------------------------------------------------

    def _report(self, count: Count, fed_until: float) -> dict[str, Any]:
        bitten = Counter(told.kind for told in self.told if told.settled())
        tried = Counter(told.kind for told in self.told)
        missing = {name: why for name, one in registered.items()
                   if (why := one.missing(self.world))}  # fmt: skip
        return {
            "orders": count.orders,
            "payments": len(counting.all_payments(self.world)),
            "faults_injected": len(self.told),
            "faults_effective": sum(bitten.values()),
            "by_kind": {name: [tried[name], bitten[name]] for name in sorted(tried)},
            "not_injected": {**NOT_HERE, **missing},
            **count.zeros,
            "found": {kind: found[:5] for kind, found in count.found.items()},
            "seconds_to_build": round(self.built_within, 1),
            "seconds_of_faults": round(fed_until, 1),
            "seconds_to_rest": round(self.settled_within, 1),
            "restarts": len(self.world.restarts),
            "proofs": [[told.kind, told.settled()] for told in self.told],
            "is_clean": count.is_clean,
            "seed": self.plan.seed,
            "commit": commit(),
        }


def commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"
