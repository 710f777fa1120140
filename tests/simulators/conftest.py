"""A bank with a stopped clock on a folder of the test's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulators.bank import plan
from simulators.bank.desk import Desk
from simulators.bank.files import CODES
from simulators.bank.ledger import Ledger
from simulators.bank.post import CHINA, Habits, Post

ROOT = Path(__file__).resolve().parents[2]

PAYOUT = [
    "H|PB20260701001|20260701|6217000000000006|郑州某区总工会|3|150.00|绿色出行补贴",
    "D|000001|6217000000000006|张三|50.00|绿色出行补贴|ORDER1",
    "D|000002|6230520000000000008|努尔·卡力|50.00|绿色出行补贴|ORDER2",
    "D|000003|6217000000000007|李四|50.00|绿色出行补贴|ORDER3",
    "T|3|150.00",
]
CARDS = [
    "H|CR20260701001|20260701|2",
    "C|CR20260701001|000001|张三|ID|490101199001010012|13900000001",
    "C|CR20260701001|000002|努尔·卡力|ID|490101199001010020|13900000002",
    "T|2",
]


class Bank:
    """The bank seen from outside: put files in, run a pass, look at the answers and the books."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "bank.sqlite3"
        self.now = datetime(2026, 7, 2, 10, 30, 15, tzinfo=CHINA)
        self.ledger = Ledger(self.db)
        self.use(Habits())

    def use(self, habits: Habits) -> None:
        self.desk = Desk(Post(self.ledger, self.folder, habits, lambda: self.now))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.desk.run_once()

    def send(self, name: str, content: list[str] | bytes) -> None:
        data = content if isinstance(content, bytes) else encoded(content)
        (self.folder / "out" / name).write_bytes(data)

    def receive(self, name: str, content: list[str] | bytes) -> None:
        self.send(name, content)
        self.desk.run_once()

    def plan(self, kind: str, count: int | None = None, **match: str) -> None:
        self.add_rule(plan.Rule(kind, "0014", CODES["0014"], seconds=5), count, match)

    def add_rule(
        self,
        rule: plan.Rule,
        count: int | None = None,
        match: dict[str, str] | None = None,
        is_next_batch: bool = False,
    ) -> None:
        limit = count or (1 if rule.kind in plan.FILE_KINDS else None)
        plan.add(self.ledger, plan.NewRule(rule, match or {}, limit, is_next_batch))

    @property
    def answers(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "in").iterdir())

    def answer(self, name: str) -> list[str]:
        text = (self.folder / "in" / name).read_bytes().decode("gbk")
        assert text.endswith("\r\n")
        return text[:-2].split("\r\n")

    @property
    def paid(self) -> list[str]:
        return [payment["order_no"] for payment in self.ledger.payments()]


def encoded(lines: list[str]) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode("gbk")


def payout(*amounts: str, batch: str = "PB1", account: str = "88001") -> list[str]:
    """A whole payout request with one line per amount, orders `<batch>N1`, `<batch>N2`, …."""
    total = f"{sum(float(amount) for amount in amounts):.2f}"
    lines = [
        f"D|{n:06d}|{account}{n}|工友{n}|{amount}|补贴|{batch}N{n}"
        for n, amount in enumerate(amounts, start=1)
    ]
    head = f"H|{batch}|20260701|1001|某区总工会|{len(lines)}|{total}|补贴"
    return [head, *lines, f"T|{len(lines)}|{total}"]


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The real program, as the walkthrough and the fault tests start it."""
    return subprocess.run(
        [sys.executable, "-m", "simulators.bank", *arguments],
        cwd=ROOT,
        env={"PYTHONUTF8": "1", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path)
    yield bank
    bank.ledger.close()
