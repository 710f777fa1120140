"""How a list of orders is carried: one worker, the real relay, the simulated WeChat Pay by itself.

The seconds are the server's own: from the first call of a job in its log to the last. Beside them
stands the cap, which no client can beat. A job is what one release, or one round of questions,
sets off; its tasks are counted by the worker.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from benchmarks.payees import Payees
from benchmarks.rounds import Goal, Pair
from benefits import proofs
from benefits.actions import batches, entitlements, orders, programmes
from benefits.actions.versions import Rules
from benefits.models import PayoutBatch, PayoutLine, PayoutOrder
from benefits.states.cards import AccountKind
from benefits.states.orders import OrderStep
from benefits.states.payouts import LineState
from tests.factories.wechat import Server, serving
from unionportal.celery import app
from unionportal.core.actors import SYSTEM
from unionportal.core.models import User
from unionportal.core.wake import wake

CAP = 100  # calls of a kind a second, as WeChat grants a merchant
FEN = 5_000
# Orders of a job, jobs that count.
SIZES = {"smoke": (150, 1), "district": (2_500, 3), "city": (10_000, 1)}
RELAY = "benefits.relay_orders"
# A task that begins when nothing is left costs one look.
CONSTANT, MOST_OVERHEAD, IDLE_TASKS = 1, 0.02, 100
PATIENCE = 600.0
EVERY = 5.0  # seconds between the scheduler's own looks


class Tasks:
    """Releases one list after another and lets the worker carry each.

    The scheduler's looks, one each five seconds, are made here and counted apart.
    """

    def __init__(self, size: str) -> None:
        self.count, self.jobs = SIZES[size]
        self.maker = User.objects.get(username="maker")
        self.checker = User.objects.get(username="checker")
        self.payees = Payees(AccountKind.WECHAT)
        self.details: dict[str, Any] = {"orders": self.count, "jobs": [], "misses": []}
        self.wrong = ""
        self.serial = 0
        self.wakes = 0
        self.seconds = (0.0, 0.0)

    def pairs(self) -> Iterator[Pair]:
        with (
            tempfile.TemporaryDirectory(prefix="bench-wechat-") as folder,
            serving(Path(folder), "--cap", str(CAP)) as server,
        ):
            settings.WECHAT_PAY_KEYS, settings.WECHAT_PAY_API = (
                server.folder / "keys",
                server.address,
            )
            self.server = server
            with _worker(server) as counted:
                self.counted = counted
                yield Pair(
                    key="cap", job=f"{self.count:,} orders sent by one worker",
                    candidate="claimed, sent, answers settled", anchor=f"the cap, {CAP} a second",
                    run=self._job, run_anchor=_cannot_run, clock=lambda: self.seconds,
                    between=self._prepare, rounds=self.jobs, check=self._check, per=self.count,
                    each="order", goal=Goal(at_least=0.95, is_speed=True),
                    details=lambda: self.details,
                )  # fmt: skip

    def _prepare(self) -> None:
        """Make people and an approved list of their own for the next job."""
        self.serial += 1
        group = f"bench_wechat_{self.serial}"
        self.payees.add(group, self.count)
        programme = programmes.create_programme(
            by=SYSTEM, code=group.replace("_", "-"), name_zh="测试补贴", name_en="Bench",
            amount_fen=FEN, budget_fen=self.count * FEN, notice_days=0, cooling_minutes=0,
            channel="wechat", rules=Rules(groups=(group,), needs_card=False),
            window_from=date(2024, 1, 1), window_to=date(2030, 1, 1),
        )  # fmt: skip
        programme = programmes.open_programme(by=SYSTEM, programme=programme)
        entitlements.evaluate(programme)
        self.batch: PayoutBatch = batches.build(by=self.maker, programme=programme)
        batches.submit(by=self.maker, batch=self.batch)
        batches.approve(by=self.checker, batch=self.batch)

    def _job(self) -> None:
        """Release, so that everything is sent; once all members confirmed, ask about everything."""
        found = {"send": self._carried(OrderStep.SEND, self._release)}
        self.server.order("confirm", "--all")
        found["ask"] = self._carried(OrderStep.QUERY, self._ask)
        found["idle_task_ms"] = self._idle_ms()
        self.details["jobs"].append(found)
        self.seconds = (found["send"]["seconds"], (self.count - 1) / CAP)

    def _carried(self, step: OrderStep, begin: Callable[[], None]) -> dict[str, Any]:
        """Set a job off; return its tasks and how the server saw its calls."""
        before, calls = self.counted(), len(self.server.order("ledger", "--calls"))
        self.wakes = 0
        began = time.monotonic()
        begin()
        self._wait(step)
        wall = time.monotonic() - began
        kind = "create" if step == OrderStep.SEND else "query"
        log = [row for row in self.server.order("ledger", "--calls")[calls:] if row["kind"] == kind]
        times = sorted(row["at"] for row in log)
        seconds = times[-1] - times[0]
        return {
            "tasks": self.counted() - before - self.wakes, "wakes": self.wakes,
            "calls": len(times), "wall_s": round(wall, 2),
            "seconds": round(seconds, 3), "a_second": round((len(times) - 1) / seconds, 1),
            "busiest_second": _busiest(times),
            "refused": sum(row["status"] == 429 for row in log),
        }  # fmt: skip

    def _release(self) -> None:
        batches.release(by=self.checker, batch=self.batch)

    def _ask(self) -> None:
        PayoutOrder.objects.filter(line__batch=self.batch).update(due_at=Now())
        wake(RELAY)

    def _wait(self, step: OrderStep) -> None:
        """Wait until nothing of the list is to be sent, or asked about, any more."""
        waiting = PayoutOrder.objects.filter(line__batch=self.batch)
        if step == OrderStep.SEND:
            waiting = waiting.filter(step=OrderStep.SEND)
        else:
            waiting = waiting.filter(due_at__isnull=False)
        began = time.monotonic()
        while waiting.exists():
            spent = time.monotonic() - began
            if spent > PATIENCE:
                raise TimeoutError("the worker does not get on")
            if spent > (self.wakes + 1) * EVERY:  # as the scheduler does
                self.wakes += 1
                wake(RELAY)
            time.sleep(0.1)

    def _idle_ms(self) -> float:
        """Return what a task costs that finds nothing to do: queue, claim and answer."""
        before, began = self.counted(), time.monotonic()
        for _time in range(IDLE_TASKS):
            wake(RELAY)
        while self.counted() - before < IDLE_TASKS:
            if time.monotonic() > began + PATIENCE:
                raise TimeoutError("the worker does not get on")
            time.sleep(0.02)
        return round((time.monotonic() - began) / IDLE_TASKS * 1_000, 2)

    def _check(self) -> str:
        for job in self.details["jobs"]:
            self._judge(job)
        states = set(PayoutLine.objects.filter(batch=self.batch).values_list("state", flat=True))
        books = self.server.order("ledger", "--summary")[0]
        orders_made = self.count * len(self.details["jobs"])
        truth = (books["payments"], books["orders"], books["duplicated_orders"])
        if states != {LineState.PAID} or truth != (orders_made, orders_made, 0):
            return f"paid {truth} of {orders_made}, lines {states}"
        differences = proofs.check()
        return f"the books differ: {differences[0]}" if differences else ""

    def _judge(self, job: dict[str, Any]) -> None:
        """Note which goals a job missed, other than the share of the cap."""
        allowed = math.ceil(self.count / orders.MOST_CLAIMED) + CONSTANT
        for name in ("send", "ask"):
            found = job[name]
            if found["tasks"] > allowed:
                self.details["misses"].append(f"{found['tasks']} tasks, {allowed} at most")
            if found["refused"] or found["busiest_second"] > CAP:
                self.details["misses"].append("more calls than the cap in a second")
            share = found["tasks"] * job["idle_task_ms"] / 1_000 / found["wall_s"]
            found["overhead_share"] = round(share, 4)
            if share > MOST_OVERHEAD:
                self.details["misses"].append("the tasks' overhead is over 2 % of the job")


def _busiest(times: list[float]) -> int:
    """Return the most calls within any one second."""
    most = start = 0
    for end, at in enumerate(times):
        while times[start] <= at - 1:
            start += 1
        most = max(most, end - start + 1)
    return most


def _cannot_run() -> None:
    raise RuntimeError("the cap is a number, not a program")


@contextmanager
def _worker(server: Server) -> Iterator[Callable[[], int]]:
    """Run one Celery worker of one process; give the block what counts its relay tasks."""
    words = [sys.executable, "-m", "celery", "-A", "unionportal", "worker", "--pool", "prefork",
             "--concurrency", "1", "--loglevel", "ERROR", "--without-mingle",
             "--without-gossip"]  # fmt: skip
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    keys = {"WECHAT_PAY_KEYS": str(server.folder / "keys"), "WECHAT_PAY_API": server.address}
    with subprocess.Popen(words, env={**os.environ, **keys, "DATABASE_URL": database}) as process:
        until = time.monotonic() + 60
        while not app.control.inspect(timeout=0.5).ping():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the worker did not begin")
        try:
            yield _tasks_done
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _tasks_done() -> int:
    """Return how many relay tasks the worker has taken."""
    found = app.control.inspect(timeout=1, limit=1).stats() or {}
    return sum(node["total"].get(RELAY, 0) for node in found.values())
