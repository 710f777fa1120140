"""`script/faults --mutants`: break the product on purpose in a copy of it; every break must show.

A green run means nothing unless a wrong portal turns it red (security.md section 3.4). Each mutant
edits a copy of the working tree, or the throw-away database; nothing of it is in the product.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faults.world import ROOT, WorldError

TIME_LIMIT = 900
REST = "75"
LEFT_OUT = ("static/", "frontend/", "docs/", "requirements/")


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which must be there exactly once, by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A break, the faults that show it, and what may show it (one of these counts, not zero)."""

    name: str
    words: str
    edits: tuple[Edit, ...]
    faults: tuple[str, ...]
    sql: str = ""
    times: int = 6


MUTANTS = (
    Mutant(
        "new_number_per_try",
        "a repeated try sends a new file instead of the one that was recorded",
        (
            Edit(
                "benefits/actions/bankfiles.py",
                "token = file.stage_token or _stage(file)",
                "token = new_id()\n    folder.stage(file.name, outbound.content_of(file), token)",
            ),
        ),
        ("kill_after_publish",),
    ),
    Mutant(
        "not_found_is_failed",
        "no answer counts as not paid",
        (
            Edit(
                "benefits/actions/results.py",
                "outcome=Outcome.UNCLEAR, reason=Reason.NO_ANSWER",
                "outcome=Outcome.FAILURE, reason=Reason.NO_ANSWER",
            ),
        ),
        ("bank_timeout_after_commit", "bank_late_commit"),
    ),
    Mutant(
        "no_relay",
        "only messages start work; no schedule looks for rows",
        (Edit("benefits/tasks.py", 'every(5, "benefits.send_batches")\n', ""),),
        ("wake_up_lost",),
    ),
    Mutant(
        "ack_early",
        "a file of the bank is removed before its row is committed",
        (
            Edit(
                "benefits/actions/bankfiles.py",
                "        _keep(arrival.content, arrival.name, BANK, Transport.FOLDER)\n"
                "        folder.remove(arrival)",
                "        folder.remove(arrival)\n"
                "        _keep(arrival.content, arrival.name, BANK, Transport.FOLDER)",
            ),
        ),
        ("kill_at_receipt",),
    ),
    Mutant(
        "read_then_write_budget",
        "the budget is read, judged and written without a lock or a condition",
        (
            Edit(
                "benefits/actions/entitlements.py",
                "budget = Budget.objects.select_for_update().get(pk=programme.budget_id)",
                "budget = Budget.objects.get(pk=programme.budget_id)",
            ),
            Edit(
                "benefits/ledger.py",
                '        pk=budget_id, total_fen__gte=F("reserved_fen") + F("paid_fen") + fen\n',
                "        pk=budget_id\n",
            ),
        ),
        ("eight_approvers",),
        sql="ALTER TABLE benefits_budget DROP CONSTRAINT budget_never_exceeded;"
        "ALTER TABLE benefits_account DROP CONSTRAINT account_not_overdrawn;",
    ),
    Mutant(
        "no_partial_index",
        "neither the database nor the query refuses a second live line of one right",
        (
            Edit(
                "benefits/queries/payouts.py",
                "~Exists(live), programme=programme,",
                "programme=programme,",
            ),
        ),
        ("eight_approvers",),
        sql="DROP INDEX line_one_live_per_entitlement; DROP INDEX line_order_no_once;",
    ),
    Mutant(
        "result_trusted",
        "what comes from outside is believed without comparing it with what was sent",
        (
            Edit(
                "benefits/actions/results.py",
                "    problems = list(_problems(result.rows, sent))\n",
                "    problems: list[Problem] = []\n",
            ),
        ),
        ("result_forged",),
    ),
    Mutant(
        "order_number_per_try",
        "each call of an order draws another number",
        (
            Edit(
                "benefits/channels/wechat/channel.py",
                "                out_bill_no=order.number,\n                transfer_scene_id",
                "                out_bill_no=order.number[:24] + new_id().hex[-8:].upper(),\n"
                "                transfer_scene_id",
            ),
            Edit(
                "benefits/channels/wechat/channel.py",
                "from benefits.evidence import Said\n",
                "from benefits.evidence import Said\nfrom unionportal.core.ids import new_id\n",
            ),
        ),
        ("wechat_error_after_commit",),
    ),
    Mutant(
        "query_not_found_is_failed",
        "an order the channel does not know yet counts as failed",
        (
            Edit(
                "benefits/channels/wechat/channel.py",
                "        return Answer(Heard.ABSENT, code=code)",
                "        said = Said(EvidenceSource.QUERY, Outcome.FAILURE, code=code)\n"
                '        return _known(content, "FAIL", said)',
            ),
        ),
        ("wechat_late_commit",),
    ),
    Mutant(
        "callback_trusted",
        "a notice ends an order without a query",
        (
            Edit(
                "benefits/actions/callbacks.py",
                "        PayoutOrder.objects.filter(pk=order.pk).update(\n"
                "            noticed_at=Now(), due_at=Now(), step=OrderStep.QUERY\n        )\n",
                "        from benefits.actions.lines import add_evidence, settle\n"
                "        from benefits.models import LineEvidence\n\n"
                "        add_evidence([LineEvidence(line=line, source='callback',"
                " event_id=line.order_no, content_hash=event_id[:64], outcome='success')])\n"
                "        settle([line.pk], by=BANK)\n",
            ),
        ),
        ("wechat_notice_untrue",),
    ),
    Mutant(
        "contradiction_overwrites",
        "the last thing said wins",
        (
            Edit(
                "benefits/evidence.py",
                "    weighed = decided or list(said)\n",
                "    weighed = decided or list(said)[-1:]\n",
            ),
            Edit(
                "benefits/actions/lines.py",
                "filter(line_id__in=line_ids).order_by().values_list(*SAYING)",
                'filter(line_id__in=line_ids).order_by("id").values_list(*SAYING)',
            ),
        ),
        ("result_contradicts",),
    ),
)


def copy_of_tree(folder: Path) -> None:
    """Copy the working tree, without what a run does not need."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in done.stdout.split("\0"):
        if name and not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def apply(edits: tuple[Edit, ...], folder: Path) -> None:
    """Make the edits; fail when one does not fit the code as it is now."""
    for edit in edits:
        path = folder / edit.path
        text = path.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{edit.path} does not hold this once: {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def run(mutant: Mutant, seed: int, base: Path, *, is_loud: bool = False) -> tuple[bool, str]:
    """Run the harness on the broken copy; return whether it turned red, and what it said."""
    with tempfile.TemporaryDirectory(prefix="portal-mutant-") as name:
        folder = Path(name) / "tree"
        shutil.copytree(base / "tree", folder)
        apply(mutant.edits, folder)
        (folder / "mutant.sql").write_text(mutant.sql, encoding="utf-8")
        command = [
            sys.executable, "-m", "faults", "--orders", "40", "--people", "8",
            "--faults", str(mutant.times), "--seed", str(seed), "--stop-when-red", "--rest", REST,
            "--tables", str(base / "tables"), "--sql", str(folder / "mutant.sql"),
            "--only", *mutant.faults,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                              timeout=TIME_LIMIT, check=False)  # fmt: skip
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if not last.startswith("{"):
        raise WorldError(f"the run of {mutant.name} ended without counting: {done.stderr[-2_000:]}")
    return done.returncode == 1, f"{done.stdout}{done.stderr}" if is_loud else last


# Nothing is broken in it, and it must stay green under the same faults and the same limits.
CONTROL = Mutant(
    "control",
    "the portal as it is",
    (),
    tuple(dict.fromkeys(name for mutant in MUTANTS for name in mutant.faults)),
    times=8,
)


def main(seed: int, only: list[str]) -> int:
    """Run every mutant, and the portal as it is; return 0 when just the mutants turn red."""
    is_right = {}
    chosen = [one for one in (CONTROL, *MUTANTS) if not only or one.name in only]
    with tempfile.TemporaryDirectory(prefix="portal-mutants-") as base:
        copy_of_tree(Path(base) / "tree")
        for mutant in chosen:
            is_red, last = run(mutant, seed, Path(base), is_loud=bool(only))
            is_right[mutant.name] = is_red == (mutant is not CONTROL)
            print(f"{mutant.name:26} {'red' if is_red else 'green'}  {mutant.words}\n    {last}",
                  flush=True)  # fmt: skip
    caught = sum(is_right[mutant.name] for mutant in chosen if mutant is not CONTROL)
    print(json.dumps({"mutants": len(chosen) - (CONTROL in chosen), "caught": caught,
                      "control_green": is_right.get(CONTROL.name), "seed": seed}))  # fmt: skip
    return 0 if all(is_right.values()) else 1
