"""The bank at its worst. Each is a rule in its plan and has bitten once the rule was used up."""

from __future__ import annotations

from faults.registry import Proof, Scene, fault

LINES = "3"
LATE_SECONDS = "6"


def _plan(scene: Scene, *words: str) -> Proof:
    """Give the bank a rule; the proof looks later whether the bank followed it."""
    world = scene.world
    world.plan(*words)
    (rule,) = world.bank("SELECT max(id) AS id FROM plan")
    (before,) = world.bank("SELECT remaining FROM plan WHERE id = ?", rule["id"])

    def used() -> str:
        (now,) = world.bank("SELECT remaining FROM plan WHERE id = ?", rule["id"])
        met = before["remaining"] - now["remaining"]
        return f"the bank did so {met} times" if met else ""

    return used


@fault("bank_timeout_after_commit", "the bank pays and does not answer")
def timeout_after_commit(scene: Scene) -> Proof:
    return _plan(scene, "unanswered", "--paid", "--count", LINES)


@fault("bank_late_commit", "the bank is silent and pays much later")
def late_commit(scene: Scene) -> Proof:
    return _plan(scene, "unanswered", "--count", LINES)


@fault("bank_refusal_before_commit", "the bank refuses lines and pays nothing for them")
def refusal(scene: Scene) -> Proof:
    return _plan(scene, "fail", "--count", LINES, "--code", "0015")


@fault("result_twice", "a result file comes twice")
def result_twice(scene: Scene) -> Proof:
    return _plan(scene, "duplicate")


@fault("result_out_of_order", "a result file comes late, in parts and reversed")
def result_out_of_order(scene: Scene) -> Proof:
    scene.world.plan("late", "--seconds", LATE_SECONDS)
    scene.world.plan("reorder")
    return _plan(scene, "split", "--seconds", "2")


@fault("result_half", "half a result file comes, the whole one later")
def result_half(scene: Scene) -> Proof:
    return _plan(scene, "truncate")


@fault("result_contradicts", "the bank says paid, then that it did not pay")
def result_contradicts(scene: Scene) -> Proof:
    return _plan(scene, "contradict")
