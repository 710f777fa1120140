"""A fault: how it is injected, what proves that it bit, and whether this machine allows it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from faults.papers import Papers
from faults.world import World


@dataclass
class Scene:
    """What a fault works on."""

    world: World
    papers: Papers
    dice: random.Random
    # Asks the database whether what must always hold does.
    look: Callable[[], None]


# What bit, in words; or a look that says it later; "" = it did not bite.
Proof = str | Callable[[], str]
Inject = Callable[[Scene], Proof]


@dataclass(frozen=True)
class Fault:
    """`missing` says why the fault cannot be injected in this world; "" when it can."""

    name: str
    words: str
    inject: Inject
    missing: Callable[[World], str]


registered: dict[str, Fault] = {}
# Faults of security.md 3.4 that no run injects, and why.
NOT_HERE: dict[str, str] = {}


def fault(
    name: str, words: str, missing: Callable[[World], str] = lambda _world: ""
) -> Callable[[Inject], Inject]:
    """Register a function as the fault `name`."""

    def register(inject: Inject) -> Inject:
        registered[name] = Fault(name, words, inject, missing)
        return inject

    return register


def told(scene: Scene, who: str, *words: str) -> Proof:
    """Give a counterparty a rule; the proof looks later whether it followed the rule."""
    world, left = scene.world, "SELECT remaining FROM plan WHERE id = ?"
    world.order(who, *words)
    (rule,) = world.read(who, "SELECT max(id) AS id FROM plan")
    (before,) = world.read(who, left, rule["id"])

    def used() -> str:
        now = world.read(who, left, rule["id"])
        met = before["remaining"] - now[0]["remaining"] if now else 0
        return f"{who} did so {met} times" if met else ""

    return used
