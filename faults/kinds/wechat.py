"""WeChat Pay at its worst: a rule in the server's plan, which has bitten once it was used up."""

from __future__ import annotations

import signal

from faults.registry import Proof, Scene, fault, told
from faults.world import ROOT, World

TIMES = ("--count", "3")
# What we wait for an answer is 10 s at most.
HANGS = ("--seconds", "12")
RULES = {
    "timeout_after_commit": (("hang", *HANGS, "--count", "2"), "pays and does not answer"),
    "error_after_commit": (("error-after-commit", *TIMES), "pays and answers 500"),
    "refusal_before_commit": (("refuse", *TIMES), "answers 500 and pays nothing"),
    "late_commit": (("late-commit", *TIMES), "pays after a query was told not found"),
    "reset": (("reset", *TIMES), "pays and cuts the connection"),
    "reset_before": (("reset", "--uncommitted", *TIMES), "cuts the connection and pays nothing"),
    "drip": (("drip", *TIMES), "answers byte by byte"),
    "too_many": (("too-many", *TIMES), "answers 429"),
    "wrong_amount": (("wrong-amount", *TIMES), "answers with another amount"),
    "wrong_number": (("wrong-number", *TIMES), "answers with another number"),
    "unknown_code": (("unknown-code", *TIMES), "answers with a code nobody knows"),
    "unclaimed": (("unclaimed", "--count", "1"), "is told no yes by the user"),
    "notice_five_times": (("notice-five-times", *TIMES), "sends each notice five times"),
    "notice_early": (("notice-early", *TIMES), "sends the notice before its answer"),
    "notice_late": (("notice-late", *TIMES), "sends the notice three days late"),
    "notice_forged": (("notice-forged", *TIMES), "has a forger send notices besides"),
    "notice_never": (("notice-never", *TIMES), "sends no notice"),
    "query_wrong_amount": (("query-wrong-amount", *TIMES), "answers a query with another amount"),
    "query_error": (("query-error", *TIMES), "answers a query with 500"),
}


def _missing(_world: World) -> str:
    return "" if (ROOT / "benefits/channels/wechat").exists() else "no such channel yet"


def _register(name: str, words: tuple[str, ...], does: str) -> None:
    @fault(f"wechat_{name}", f"WeChat Pay {does}", _missing)
    def inject(scene: Scene) -> Proof:
        return told(scene, "wechat", *words)


for _name, (_words, _does) in RULES.items():
    _register(_name, _words, _does)


@fault("kill_wechat", "kill -9 of the WeChat server while it works", _missing)
def kill_wechat(scene: Scene) -> str:
    world = scene.world
    dead = world.signal("wechat", signal.SIGKILL)
    back = world.wait(15, lambda: world.is_back("wechat", dead))
    return f"wechat: {dead} became {world.pid('wechat')}" if back else ""
