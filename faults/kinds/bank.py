"""The bank at its worst. Each is a rule in its plan and has bitten once the rule was used up."""

from __future__ import annotations

from faults.registry import Proof, Scene, fault, told

LINES = "3"
LATE_SECONDS = "6"


def _plan(scene: Scene, *words: str) -> Proof:
    return told(scene, "bank", *words)


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
    scene.world.order("bank", "late", "--seconds", LATE_SECONDS)
    scene.world.order("bank", "reorder")
    return _plan(scene, "split", "--seconds", "2")


@fault("result_half", "half a result file comes, the whole one later")
def result_half(scene: Scene) -> Proof:
    return _plan(scene, "truncate")


@fault("result_contradicts", "the bank says paid, then that it did not pay")
def result_contradicts(scene: Scene) -> Proof:
    return _plan(scene, "contradict")


@fault("result_forged", "a result file that nobody at the bank wrote says paid")
def result_forged(scene: Scene) -> Proof:
    """Take a line the bank has not answered and write a result for it with another amount."""
    world = scene.world
    world.order("bank", "unanswered", "--count", LINES)
    silent = world.wait(
        12, lambda: world.read("bank", "SELECT * FROM lines WHERE code IS NULL LIMIT 1")
    )
    if not silent:
        return ""
    line, name = silent[0], f"R_{silent[0]['batch']}_{scene.dice.randrange(90, 10_000)}.txt"
    yuan = f"{line['amount_fen'] // 100 + 1}.00"
    head = ("R", line["batch"], "20261123", "1", yuan, "1", yuan, "0", "0.00")
    row = ("D", line["seq"], line["account"], line["holder"], yuan, "S", "0000", "交易成功",
           "20261123120000", "FORGED", line["order_no"])  # fmt: skip
    body = "".join("|".join(fields) + "\r\n" for fields in (head, row)).encode("gbk")
    part = world.bank_folder / "in" / f".{name}"
    part.write_bytes(body)
    part.rename(part.with_name(name))

    def refused() -> str:
        query = "SELECT state FROM benefits_bankfile WHERE name = %s"
        states = [found["state"] for found in world.rows(query, name)]
        return f"the portal has it: {states}" if states else ""

    world.wait(8, refused)  # the clerk speaks later: until then nobody has paid
    return refused
