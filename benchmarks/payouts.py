"""Large programmes from the right to the bank's file and back: chunk by chunk beside plain SQL.

The ceiling of a settlement is what PostgreSQL takes to write the same rows into the same tables,
with their indexes, constraints and triggers, by a statement a table and one commit: nothing is
read from a file, compared with what was sent, decrypted or judged.
"""

from __future__ import annotations

import hashlib
import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from benchmarks.payees import Payees
from benchmarks.rounds import Goal, Pair
from benefits import ledger, outbound, proofs
from benefits.actions import bankfiles, batch_work, batches, building, entitlements, programmes
from benefits.actions.versions import Rules
from benefits.ledger import Amount
from benefits.models import (
    BankFile,
    Entitlement,
    LineEvidence,
    PayoutBatch,
    PayoutLine,
    Pot,
    TransferKind,
)
from benefits.profiles.reference import ReferenceProfile
from tests.factories.payouts import answers_to, result_file
from unionportal.core import audit
from unionportal.core.actors import BANK, SYSTEM
from unionportal.core.models import User
from unionportal.core.transitions import move

FEN = 5_000
# People of the large programme, of the small one, payments of one settlement, lines of a file.
SIZES = {
    "smoke": (2_000, 300, 500, 250),
    "district": (400_000, 40_000, 100_000, 5_000),
    "city": (400_000, 40_000, 100_000, 5_000),
}
LOOP = 200
# Fewer payments do not carry what a file costs once.
LEAST_FOR_LOOP = 5_000
MOST_SECONDS, MOST_MEMORY = 600, 50
PAGES = ("/desk/batches/", "/desk/programmes/", "/desk/ledger/")
LOOKS = 60


class Payouts:
    """One large and one small programme, each of its own people."""

    def __init__(self, size: str) -> None:
        self.large, self.small, self.settled, lines = SIZES[size]
        ReferenceProfile.most_lines = lines
        self.maker = User.objects.get(username="maker")
        self.checker = User.objects.get(username="checker")
        self.details: dict[str, Any] = {"misses": []}
        self.wrong = ""
        payees = Payees()
        payees.add("bench_small", self.small)
        payees.add("bench_large", self.large)
        self.files: Iterator[BankFile] = iter(())

    def pairs(self) -> Iterator[Pair]:
        small = self._programme("bench_small", self.small)
        hand_over(small)
        self.looped = small.files.order_by("number")[0]
        before = _peak()
        batch = self._programme("bench_large", self.large)
        self.details["grown_mib"] = _peak() - before
        if self.details["grown_mib"] > MOST_MEMORY:
            self._miss(f"memory grew by more than {MOST_MEMORY} MiB")
        seconds = sum(self.details["seconds"]["bench_large"].values())
        self.details["programme_s"] = round(seconds, 1)
        if seconds > MOST_SECONDS:
            self._miss(f"the large programme took more than {MOST_SECONDS} s")
        hand_over(batch)
        self.files = iter(batch.files.order_by("number"))
        yield Pair(
            key="ceiling", job=f"settlement of {self.settled:,} payments",
            candidate="result files read, compared, judged, settled",
            anchor="a statement a table, the same rows", run=self._settle,
            run_anchor=self._write, between=self._draw, rounds=1, check=self._check,
            goal=Goal(at_least=0.7, is_speed=True), details=lambda: self.details,
        )  # fmt: skip

    def _miss(self, words: str) -> None:
        self.details["misses"].append(words)

    def _programme(self, group: str, people: int) -> PayoutBatch:
        """Give the rights, make, approve and release the list, render its files."""
        programme = programmes.create_programme(
            by=SYSTEM, code=group.replace("_", "-"), name_zh="测试补贴", name_en="Bench",
            amount_fen=FEN, budget_fen=people * FEN, notice_days=0, cooling_minutes=0,
            rules=Rules(groups=(group,), needs_card=False),
            window_from=date(2024, 1, 1), window_to=date(2030, 1, 1),
        )  # fmt: skip
        programme = programmes.open_programme(by=SYSTEM, programme=programme)
        seconds: dict[str, float] = {}
        self.details.setdefault("seconds", {})[group] = seconds

        def timed(name: str, step: Any) -> Any:
            began = time.perf_counter()
            done = step()
            seconds[name] = round(time.perf_counter() - began, 2)
            return done

        timed("rights", lambda: entitlements.evaluate(programme))
        batch: PayoutBatch = timed("make", lambda: _make(self.maker, programme))
        timed("submit", lambda: batches.submit(by=self.maker, batch=batch))
        if people == self.large:
            self._look_while_approving(batch, seconds)
        else:
            timed("approve", lambda: batches.approve(by=self.checker, batch=batch))
        batch.refresh_from_db()
        timed("release", lambda: batches.release(by=self.checker, batch=batch))
        timed("render", lambda: [outbound.content_of(file) for file in batch.files.all()])
        if batch.line_count != people:
            self.wrong = f"{batch.line_count} of {people} on the list"
        return batch

    def _look_while_approving(self, batch: PayoutBatch, seconds: dict[str, float]) -> None:
        """Approve in another process, as a worker does, and look at the desk's pages meanwhile."""
        client = Client(headers={"accept-language": "en"})
        client.force_login(self.checker)
        idle = sorted(_looks(client, LOOKS))
        began = time.perf_counter()
        worker = subprocess.Popen([sys.executable, "-m", "benchmarks.approving", str(batch.pk)])
        busy: list[float] = []
        while worker.poll() is None:
            busy += _looks(client, len(PAGES))
        seconds["approve"] = round(time.perf_counter() - began, 2)
        if worker.returncode:
            self.wrong = "the list was not approved"
        busy.sort()
        ratio = _p95(busy) / _p95(idle)
        self.details["desk"] = {
            "looks": len(busy), "idle_p95_ms": round(_p95(idle) * 1000, 1),
            "busy_p95_ms": round(_p95(busy) * 1000, 1), "ratio": round(ratio, 2),
        }  # fmt: skip
        if ratio > 3:
            self._miss("the desk's p95 while a list is approved is over 3 times the idle one")

    def _draw(self) -> None:
        """Take the next files of the large list, and what the bank says about their lines."""
        self.drawn: list[BankFile] = []
        self.answers: list[tuple[str, bytes]] = []
        count = 0
        while count < self.settled and (file := next(self.files, None)):
            self.drawn.append(file)
            self.answers.append((file.number, result_file(file.number, answers_to(file))))
            count += file.line_count
        self.drawn_count = count

    def _settle(self) -> None:
        began = time.perf_counter()
        for number, content in self.answers:
            bankfiles.receive(content=content, name=f"R_{number}_1.txt", by=BANK)
        self.settle_s = time.perf_counter() - began

    @transaction.atomic
    def _write(self) -> None:
        """Write what `_settle` writes about as many lines, by a statement a table."""
        batch = self.drawn[0].payout_batch
        assert batch is not None
        values: dict[str, Any] = {"files": [file.pk for file in self.drawn]}
        with connection.cursor() as cursor:
            for statement in (EVIDENCE, LINES, RIGHTS):
                cursor.execute(statement, values)
            for model, name, source, target in (
                (PayoutLine, "id", "sent", "paid"),
                (Entitlement, "entitlement_id", "in_payment", "paid"),
            ):
                rows = (f"SELECT {name} AS id, '{source}' AS from_state, '{target}' AS to_state "
                        f"FROM benefits_payoutline WHERE file_id = ANY(%(files)s)")  # fmt: skip
                log, named = audit.set_sql(by=BANK, verb="bench.pay", model=model, rows=rows)
                cursor.execute(log, {**values, **named})
        ledger.shift_set(
            batch.programme.budget_id, TransferKind.PAY, Pot.IN_FLIGHT, Pot.PAID, SUMS, values
        )

    def _check(self) -> str:
        differences = proofs.check()
        if differences:
            return f"the books differ: {differences[0]}"
        self._loop()
        return self.wrong

    def _loop(self) -> None:
        """Settle a few payments one by one, as a loop over the ORM does, and scale."""
        lines = list(self.looped.lines.select_related("entitlement", "batch__programme")[:LOOP])
        began = time.perf_counter()
        for line in lines:
            _pay_one(line)
        each = (time.perf_counter() - began) / len(lines)
        mine = self.settle_s / self.drawn_count
        self.details["loop"] = {"rows": len(lines), "each_ms": round(each * 1000, 2),
                                "times_ours": round(each / mine, 1)}  # fmt: skip
        if self.drawn_count >= LEAST_FOR_LOOP and each < 100 * mine:
            self._miss("a loop over the ORM takes less than 100 times as long a payment")


EVIDENCE = """
INSERT INTO benefits_lineevidence (line_id, source, event_id, content_hash, outcome, reason,
    bank_code, bank_text, bank_serial)
SELECT id, 'bank_file', order_no, encode(sha256(order_no::bytea), 'hex'), 'success', '', '0000',
    '交易成功', 'B' || seq FROM benefits_payoutline WHERE file_id = ANY(%(files)s)"""
LINES = """
UPDATE benefits_payoutline SET state = 'paid', settled_at = now(), bank_code = '0000',
    bank_text = '交易成功', bank_serial = 'B' || seq WHERE file_id = ANY(%(files)s)"""
RIGHTS = """
UPDATE benefits_entitlement e SET state = 'paid' FROM benefits_payoutline l
WHERE l.entitlement_id = e.id AND l.file_id = ANY(%(files)s)"""
SUMS = """
SELECT l.amount_fen, l.entitlement_id, l.id AS line_id, e.programme_id, 'bank_file' AS channel
FROM benefits_payoutline l JOIN benefits_entitlement e ON e.id = l.entitlement_id
WHERE l.file_id = ANY(%(files)s)"""


@transaction.atomic
def _pay_one(line: PayoutLine) -> None:
    LineEvidence.objects.create(
        line=line, source="bank_file", event_id=line.order_no, outcome="success",
        content_hash=hashlib.sha256(line.order_no.encode()).hexdigest(),
    )  # fmt: skip
    move(line, "pay", by=BANK, settled_at=timezone.now())
    move(line.entitlement, "pay", by=BANK)
    ledger.shift(
        line.batch.programme.budget_id, TransferKind.PAY, Pot.IN_FLIGHT, Pot.PAID,
        [Amount(line.amount_fen, line.entitlement_id, line.pk)],
    )  # fmt: skip


def _make(maker: User, programme: Any) -> PayoutBatch:
    """Make a list as a job does: each chunk is committed by itself."""
    batch = building.begin(by=maker, programme=programme)
    batch_work.carry_on(batch, by=maker)
    return batch


def hand_over(batch: PayoutBatch) -> None:
    """Hand every file of a list over, without a folder."""
    for file in batch.files.order_by("number"):
        bankfiles.mark_handed_over(by=SYSTEM, file=file)


def _looks(client: Client, count: int) -> Iterator[float]:
    for address in itertools.islice(itertools.cycle(PAGES), count):
        began = time.perf_counter()
        client.get(address)
        yield time.perf_counter() - began


def _p95(ordered: list[float]) -> float:
    return ordered[int(len(ordered) * 0.95)] if ordered else 0.0


def _peak() -> int:
    """Return the most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
