"""WeChat Pay at its worst: a rule in the server's plan, which has bitten once it was used up."""

from __future__ import annotations

import json
import signal
import time
import urllib.request

from faults.registry import Proof, Scene, fault, told
from simulators.wechatpay import keys as server_keys
from simulators.wechatpay import signing

# A proxy named in the environment must not be asked for this machine's own pages.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
UNCLAIMED = """
    SELECT * FROM bills WHERE state = 'WAIT_USER_CONFIRM'
      AND created_at < CAST(strftime('%s', 'now') AS REAL) - 3"""
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


def _register(name: str, words: tuple[str, ...], does: str) -> None:
    @fault(f"wechat_{name}", f"WeChat Pay {does}")
    def inject(scene: Scene) -> Proof:
        return told(scene, "wechat", *words)


for _name, (_words, _does) in RULES.items():
    _register(_name, _words, _does)


@fault("kill_wechat", "kill -9 of the WeChat server while it works")
def kill_wechat(scene: Scene) -> str:
    world = scene.world
    dead = world.signal("wechat", signal.SIGKILL)
    back = world.wait(15, lambda: world.is_back("wechat", dead))
    return f"wechat: {dead} became {world.pid('wechat')}" if back else ""


@fault("wechat_notice_untrue", "a well signed notice says paid before the user said yes")
def notice_untrue(scene: Scene) -> str:
    """Only a query may end an order: have one left waiting, and say by notice that it ended."""
    world = scene.world
    world.order("wechat", "late-yes", "--seconds", "12", "--count", "1")
    waiting = world.wait(30, lambda: world.read("wechat", UNCLAIMED))
    if not waiting:
        return ""
    keys, bill = server_keys.load(world.wechat_keys), waiting[0]
    said = {
        "mch_id": keys.mchid, "out_bill_no": bill["out_bill_no"], "state": "SUCCESS",
        "transfer_bill_no": bill["transfer_bill_no"], "transfer_amount": bill["amount_fen"],
        "openid": bill["openid"],
    }  # fmt: skip
    notice = {
        "id": f"untrue-{bill['out_bill_no'][:20]}", "resource_type": "encrypt-resource",
        "event_type": "MCHTRANSFER.BILL.FINISHED",
        "resource": signing.seal(keys, said, "mch_payment"),
    }  # fmt: skip
    body = json.dumps(notice).encode()
    headers = signing.headers_for(keys, body, time.time())
    request = urllib.request.Request(
        world.environment["WECHAT_PAY_NOTIFY_URL"], body,
        {**headers, "Content-Type": "application/json"},
    )  # fmt: skip
    with OPENER.open(request, timeout=10) as answer:
        status = answer.status
    world.wait(2)
    return f"the portal took it ({status})" if status == 204 else ""
