"""Time two ways of doing a job side by side: A B A B, the first pair dropped."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

# An anchor that spread more than this between rounds is no measure.
STEADY = 1.5

Step = Callable[[], None]


def nothing() -> None:
    """Stand for no work between the rounds."""


@dataclass(frozen=True)
class Goal:
    """Where a ratio has to lie; `is_speed` turns it round: how much faster than the anchor."""

    at_most: float | None = None
    at_least: float | None = None
    is_speed: bool = False

    def is_met(self, ratio: float) -> bool:
        over = self.at_most is not None and ratio > self.at_most
        under = self.at_least is not None and ratio < self.at_least
        return not (over or under)

    def __str__(self) -> str:
        low = [] if self.at_least is None else [f">={self.at_least:g}"]
        high = [] if self.at_most is None else [f"<={self.at_most:g}"]
        return " and ".join([*low, *high]) or "none"


@dataclass(frozen=True)
class Pair:
    """A candidate beside its anchor. `between` runs outside the clock, before each of the two.

    `key` names the ratio in the JSON line. `per` is how many things one run does (rows, requests):
    times are shown for one of them when `each` names it. `check` returns what is wrong with the
    answers, "" when they are right.
    """

    key: str
    job: str
    candidate: str
    anchor: str
    run: Step
    run_anchor: Step
    goal: Goal
    per: int = 1
    each: str = ""
    between: Step = nothing
    check: Callable[[], str] = str
    # Other figures of the same job for the JSON line: seconds by phase, counts, memory.
    details: Callable[[], dict[str, Any]] = dict
    # Rounds of a slow pair; 0 for what the command line says.
    rounds: int = 0
    # Seconds of candidate and anchor where somebody else's clock counted them and the anchor is a
    # known bound; then only the candidate runs.
    clock: Callable[[], tuple[float, float]] | None = None


@dataclass
class Result:
    """Seconds of the rounds, in their order."""

    pair: Pair
    candidate: list[float] = field(default_factory=list)
    anchor: list[float] = field(default_factory=list)
    wrong: str = ""

    @property
    def ratios(self) -> list[float]:
        """Candidate ÷ anchor of each round; anchor ÷ candidate where the goal is a speed."""
        return [
            other / mine if self.pair.goal.is_speed else mine / other
            for mine, other in zip(self.candidate, self.anchor, strict=True)
        ]

    @property
    def fastest(self) -> float:
        """The ratio of the best times: what other work on the machine disturbs least."""
        mine, other = min(self.candidate), min(self.anchor)
        return other / mine if self.pair.goal.is_speed else mine / other

    @property
    def is_steady(self) -> bool:
        return max(self.anchor) <= STEADY * min(self.anchor)

    @property
    def is_met(self) -> bool:
        """Whether the goal is met; never when the anchor was too unsteady to be a measure."""
        return self.is_steady and self.pair.goal.is_met(median(self.ratios))

    def as_json(self) -> dict[str, Any]:
        """Return the ratio for the line that programs read."""
        return {
            "median": round(median(self.ratios), 3),
            "min": round(min(self.ratios), 3),
            "max": round(max(self.ratios), 3),
            "fastest": round(self.fastest, 3),
            "goal": str(self.pair.goal),
            "steady": self.is_steady,
            "candidate_s": round(median(self.candidate), 4),
            "anchor_s": round(median(self.anchor), 4),
        }


def measure(pair: Pair, rounds: int) -> Result:
    """Run both `rounds` times after one pair that does not count."""
    result = Result(pair)
    for number in range(rounds + 1):
        mine, other = _round(pair)
        if number:
            result.candidate.append(mine)
            result.anchor.append(other)
    result.wrong = pair.check()
    return result


def _round(pair: Pair) -> tuple[float, float]:
    if pair.clock is None:
        return _timed(pair, pair.run), _timed(pair, pair.run_anchor)
    pair.between()
    pair.run()
    return pair.clock()


def _timed(pair: Pair, step: Step) -> float:
    pair.between()
    gc.collect()
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def line(result: Result) -> str:
    """Return a result as one line of text."""
    pair = result.pair
    ratios = result.ratios
    parts = [
        f"{pair.job}: {pair.candidate} {_shown(result.candidate, pair)}",
        f"{pair.anchor} {_shown(result.anchor, pair)}",
        f"ratio {median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})",
        f"of the fastest rounds {result.fastest:.3g}",
        f"goal {pair.goal}",
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB",
    ]
    if not result.is_steady:
        parts.append(f"no verdict: the anchor spread over {STEADY}x")
    elif not result.is_met:
        parts.append("goal missed")
    if result.wrong:
        parts.append(f"FAIL: {result.wrong}")
    return " | ".join(parts)


def _shown(seconds: list[float], pair: Pair) -> str:
    if pair.each:
        return f"{median(seconds) / pair.per * 1_000:.2f} ms a {pair.each}"
    return f"{median(seconds) * 1_000:.1f} ms"
