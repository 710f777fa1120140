"""The real program: commands, kill -9 at every point, and its independence of the portal."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.bank.post import Habits

from .conftest import CARDS, PAYOUT, ROOT, Bank, payout, run

CRASH_POINTS = ("before-take", "before-commit", "before-deliver", "before-rename", "before-mark")


def test_bank_imports_nothing_but_the_standard_library() -> None:
    for path in (ROOT / "simulators" / "bank").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            for module in modules:
                top = module.partition(".")[0]
                assert top in sys.stdlib_module_names or module.startswith("simulators."), path


def test_ledger_is_written_durably(bank: Bank) -> None:
    (row,) = bank.ledger.rows("PRAGMA synchronous")
    assert row[0] == 2


@pytest.mark.parametrize("options", [[], ["--no-batch-dedupe"]])
@pytest.mark.parametrize("point", CRASH_POINTS)
def test_kill_at_any_point_pays_once_and_answers(
    bank: Bank, point: str, options: list[str]
) -> None:
    bank.send("PB1.txt", payout("10.00", "20.00"))
    once = ["once", "--folder", str(bank.folder), "--db", str(bank.db), *options]
    dead = run(*once, env={"SIMULATED_BANK_DIES_AT": point})
    assert dead.returncode == -signal.SIGKILL
    assert run(*once).returncode == 0
    assert run(*once).returncode == 0
    assert bank.paid == ["PB1N1", "PB1N2"]
    assert [name for name in bank.answers if not name.startswith(".")] == ["R_PB1_1.txt"]
    assert bank.answer("R_PB1_1.txt")[0].endswith("|2|30.00|2|30.00|0|0.00")


def test_answer_written_before_the_crash_is_written_again_alike(bank: Bank) -> None:
    bank.send("PB1.txt", payout("10.00"))
    once = ["once", "--folder", str(bank.folder), "--db", str(bank.db)]
    run(*once, env={"SIMULATED_BANK_DIES_AT": "before-mark"})
    answer = bank.folder / "in" / "R_PB1_1.txt"
    first = answer.read_bytes()
    answer.unlink()
    run(*once)
    assert answer.read_bytes() == first


def test_file_handled_meanwhile_is_not_handled_twice(bank: Bank) -> None:
    bank.use(Habits(dedupes=False))
    bank.send("PB1.txt", payout("10.00"))
    bank.desk.post.take()
    (waiting,) = bank.desk.post.unhandled()
    bank.desk.handle(*waiting)
    bank.desk.handle(*waiting)
    assert bank.paid == ["PB1N1"]


def test_commands_drive_a_batch_from_plan_to_settlement(bank: Bank) -> None:
    db = ["--db", str(bank.db)]
    run("plan", "fail", "--match", "holder=张三", "--code", "0014", "--next-batch", *db)
    run("plan", "unanswered", "--match", "seq=2", *db)
    bank.send("PB20260701001.txt", PAYOUT)
    ran = run("once", "--folder", str(bank.folder), *db)
    assert ran.stdout == "PB20260701001.txt: 2 of 3 lines answered\n"
    assert run("ledger", "--summary", *db).stdout == (
        '{"payments": 0, "amount_fen": 0, "orders": 0, "duplicated_orders": 0}\n'
    )
    assert run("plan", "answer-unanswered", *db).stdout == '{"answered": 1}\n'
    run("once", "--folder", str(bank.folder), *db)
    assert bank.answers == ["R_PB20260701001_1.txt", "R_PB20260701001_2.txt"]
    (payment,) = map(json.loads, run("ledger", *db).stdout.splitlines())
    assert (payment["order_no"], payment["holder"]) == ("ORDER2", "努尔·卡力")


def test_plan_is_listed_and_cleared(bank: Bank) -> None:
    db = ["--db", str(bank.db)]
    run("plan", "split", "--match", "batch=PB1", *db)
    (rule,) = map(json.loads, run("plan", "list", *db).stdout.splitlines())
    assert (rule["kind"], rule["match"], rule["remaining"]) == ("split", '{"batch": "PB1"}', 1)
    run("plan", "clear", *db)
    assert run("plan", "list", *db).stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "fail", "--match", "colour=red"],
        ["plan", "fail", "--match", "holder"],
        ["plan", "fail", "--code", "9999"],
        ["plan", "fail", "--code", "0000"],
        ["plan", "fail", "--text", "a|b"],
        ["plan", "fail", "--text", "🙂"],
        ["plan", "fail", "--count", "0"],
        ["plan", "split", "--match", "seq=1"],
        ["plan", "dance"],
        ["activate", "--folder", "{folder}", "--card", "6217000000000006"],
        ["activate", "--folder", "{folder}"],
    ],
)
def test_impossible_order_is_refused_with_a_reason(bank: Bank, arguments: list[str]) -> None:
    given = [argument.format(folder=bank.folder) for argument in arguments]
    ran = run(*given, "--db", str(bank.db))
    assert ran.returncode == 2
    assert "error: " in ran.stderr
    assert "Traceback" not in ran.stderr
    assert run("plan", "list", "--db", str(bank.db)).stdout == ""


def test_activate_command_writes_the_file(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    common = ["--db", str(bank.db), "--folder", str(bank.folder)]
    assert json.loads(run("activate", *common, "--count", "1").stdout)["activated"] == 1
    assert json.loads(run("activate", *common, "--all").stdout)["activated"] == 1
    assert [name[-6:] for name in bank.answers if name.startswith("A_")] == ["_1.txt", "_2.txt"]
    cards = [json.loads(c) for c in run("ledger", "--cards", *common[:2]).stdout.splitlines()]
    assert [card["holder"] for card in cards if card["activated_at"]] == ["张三", "努尔·卡力"]


def served(bank: Bank, *options: str) -> subprocess.Popen[str]:
    common = ["--folder", str(bank.folder), "--db", str(bank.db), "--poll", "0.05"]
    return subprocess.Popen(
        [sys.executable, "-m", "simulators.bank", "serve", *common, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(program: subprocess.Popen[str]) -> str:
    program.terminate()
    _, errors = program.communicate(timeout=30)
    assert program.returncode == 0
    return errors


def test_serve_handles_files_until_it_is_told_to_stop(bank: Bank) -> None:
    program = served(bank)
    assert program.stdout is not None
    assert program.stdout.readline() == f"serving {bank.folder}\n"
    for batch in ("PB1", "PB2"):
        part = bank.folder / f".{batch}.part"
        bank.send(f".{batch}.part", payout("10.00", batch=batch))
        (bank.folder / "out" / part.name).rename(bank.folder / "out" / f"{batch}.txt")
        assert program.stdout.readline() == f"{batch}.txt: 1 of 1 lines answered\n"
    assert finish(program) == ""
    assert bank.answers == ["R_PB1_1.txt", "R_PB2_1.txt"]


def test_serve_survives_a_failing_pass(bank: Bank) -> None:
    program = served(bank)
    assert program.stdout is not None
    assert program.stdout.readline() == f"serving {bank.folder}\n"
    blocked = bank.folder / "in" / "R_PB1_1.txt"
    blocked.mkdir()
    bank.send("PB1.txt", payout("10.00"))
    assert program.stderr is not None
    assert "pass failed, trying again" in program.stderr.readline()
    blocked.rmdir()
    program.terminate()
    program.communicate(timeout=30)
    assert program.returncode == 0
    run("once", "--folder", str(bank.folder), "--db", str(bank.db))
    assert "R_PB1_1.txt" in bank.answers
    assert bank.paid == ["PB1N1"]


def test_bank_reads_a_folder_it_must_make_first(tmp_path: Path) -> None:
    folder, db = tmp_path / "new", tmp_path / "books" / "bank.sqlite3"
    ran = run("once", "--folder", str(folder), "--db", str(db))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["done", "in", "out"]
