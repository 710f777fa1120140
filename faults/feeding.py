"""Feed payouts without pause, as a maker and a checker would, and keep an own list of them.

Every step is looked up before it is repeated, so a database that dies in the middle costs time
and nothing else. Orders keep step with the faults: a queue that ran dry would make late ones
harmless.
"""

from __future__ import annotations

import contextlib
import errno
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.db import Error as DatabaseError
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from benefits.actions import batches, budgets, entitlements, programmes, settlement
from benefits.models import Budget, Entitlement, PayoutBatch, PayoutLine, Programme
from benefits.queries.payouts import payable
from benefits.states.cards import AccountKind
from benefits.states.payouts import (
    BatchState,
    Channel,
    EntitlementState,
    LineState,
    Outcome,
    ProgrammeState,
)
from faults import papers
from faults.papers import Owed, Papers
from members.models import Person, UnionUnit
from tests.factories import members, payouts
from unionportal.core.actors import SYSTEM
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused
from unionportal.core.models import Grant, User

Answer = TypeVar("Answer")
CROWD_SIZE = 8
FIRST_FEN = 5_000
LONGEST_PAUSE = 2.0
PATIENCE_SECONDS = 240.0
UNFINISHED = (BatchState.DRAFT, BatchState.SUBMITTED, BatchState.NOTICE_CLOSED)


def persist(act: Callable[[], Answer]) -> Answer:
    """Do it, and again when the database was away or the disk full, as people do.

    The act finds out itself how far it came.
    """
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError, OSError) as error:
            is_other = isinstance(error, OSError) and error.errno != errno.ENOSPC
            if is_other or time.monotonic() > ends:
                raise
            connection.close()
            time.sleep(0.2)


def staff(role: str, number: int, district: UnionUnit) -> User:
    """Make one account of a role, with a person behind it."""
    name = f"{role}-{number}"
    key = blind_index(name, "staff")
    user = User.objects.create_user(username=name, password=name * 2, person_key=key)
    Grant.objects.create(user=user, role=role, unit=district, started_on=members.SINCE)
    return user


class Feeder:
    """Maker, checkers and the people who are to be paid."""

    def __init__(self, folder: Path) -> None:
        self.papers = Papers(folder)
        order = self.papers.read(papers.ORDER)
        self.wanted, self.people = int(order["orders"]), int(order["people"])
        self.statement: list[str] = order["statement"]
        self.channels = [Channel(code) for code in order["channels"]]
        self.number = 0
        self.orders = 0
        self.fed_at = 0.0

    def prepare(self) -> None:
        district = members.district_unit()
        union = members.employer_union(members.subdistrict_unit(district))
        self.officer = staff("district_officer", 0, district)
        self.maker = staff("finance_maker", 0, district)
        self.checkers = [staff("finance_checker", one, district) for one in range(CROWD_SIZE)]
        found = [payouts.entitled_member(union).person for _one in range(self.people)]
        self.accounts = {
            Channel.BANK_FILE: [person.payee_accounts.get().number for person in found],
            Channel.WECHAT: [wechat_account(person) for person in found],
        }
        self.papers.write(papers.READY)

    def run(self) -> None:
        self.prepare()
        while not self.papers.has(papers.LEAVE):
            if self.is_due():
                self.feed()
            # Somebody was faster (a sweep, the crowd): what is left is found the next time.
            with contextlib.suppress(Refused):
                persist(self.push)
            time.sleep(0.05)

    def is_due(self) -> bool:
        """Say whether more is to be ordered now: in step with the faults, never long nothing."""
        if self.papers.has(papers.STOP):
            return self.orders < self.wanted
        if self.papers.has(papers.CROWD) or time.monotonic() - self.fed_at > LONGEST_PAUSE:
            return True
        done = float(self.papers.read(papers.PROGRESS, 0.0))
        return self.orders <= done * self.wanted

    # ---- ordering ------------------------------------------------------------------------------

    def feed(self) -> None:
        """Order one programme for everybody; every fifth has money for some only."""
        self.number, self.fed_at = self.number + 1, time.monotonic()
        is_crowd = self.papers.has(papers.CROWD)
        is_tight = is_crowd or self.number % 5 == 0
        reaches = self.people // 2 if is_tight else self.people
        channel = self.channels[self.number % len(self.channels)]
        accounts = self.accounts[channel]
        owed = Owed(f"run-{self.number}", FIRST_FEN + self.number, accounts, reaches, channel)
        self.papers.owe(owed)
        self.orders += owed.reaches
        programme = persist(lambda: self._programme(owed, is_crowd=is_crowd))
        if is_crowd:
            self._crowd(programme, owed)

    def _programme(self, owed: Owed, *, is_crowd: bool) -> Programme:
        programme = Programme.objects.filter(code=owed.code).first()
        if programme is None:
            programme = programmes.create_programme(
                by=SYSTEM, code=owed.code, name_zh="绿色出行补贴", name_en="Green travel subsidy",
                amount_fen=owed.fen, budget_fen=owed.fen * (1 if is_crowd else owed.reaches),
                channel=owed.channel, groups=[members.group()], window_from=payouts.WINDOW[0],
                window_to=payouts.WINDOW[1], notice_days=0, cooling_minutes=0,
                answer_minutes=self.number % 2,
            )  # fmt: skip
        if programme.state == ProgrammeState.DRAFT:
            programmes.open_programme(by=SYSTEM, programme=programme)
        return programme

    # ---- carrying on ---------------------------------------------------------------------------

    def push(self) -> None:
        """Bring every list one person began to its release, and list whoever can be paid."""
        close_old_connections()
        for batch in PayoutBatch.objects.filter(state__in=UNFINISHED).order_by("pk"):
            self.carry(batch)
        reserved = Entitlement.objects.filter(state=EntitlementState.RESERVED)
        for programme in Programme.objects.filter(pk__in=reserved.values("programme")):
            if payable(programme).exists():
                self.carry(batches.build(by=self.maker, programme=programme))
        self._close_done()
        self._settle_contested()

    def carry(self, batch: PayoutBatch) -> None:
        if batch.state == BatchState.DRAFT:
            batches.submit(by=self.maker, batch=batch)
        if batch.state == BatchState.SUBMITTED:
            batches.approve(by=self.checkers[0], batch=batch)
        if batch.state == BatchState.NOTICE_CLOSED:
            self._release(self.checkers[0], batch)

    def _release(self, checker: User, batch: PayoutBatch) -> None:
        try:
            batches.release(by=checker, batch=batch)
        except Refused as refusal:
            if refusal.code != "empty_list":
                raise
            batches.cancel(by=self.maker, batch=batch, reason="nobody is left on it")

    def _close_done(self) -> None:
        """Close what is listed, so that the sweep looks at few programmes."""
        waiting = Entitlement.objects.filter(state=EntitlementState.RESERVED)
        done = Programme.objects.filter(state=ProgrammeState.OPEN)
        for programme in done.exclude(pk__in=waiting.values("programme")).order_by("pk"):
            if programme.batches.exists():
                programmes.close_programme(by=SYSTEM, programme=programme, reason="all are listed")

    def _settle_contested(self) -> None:
        """Let two people end what the bank contradicted itself on, by its own statement."""
        contested = PayoutLine.objects.filter(state=LineState.UNKNOWN, review="contested")
        if not contested.exists():
            return
        paid = self._statement()
        for line in contested:
            outcome = Outcome.SUCCESS if line.order_no in paid else Outcome.FAILURE
            with transaction.atomic():
                said = settlement.propose(
                    by=self.maker, line=line, outcome=outcome, note="the bank's statement",
                    document=members.scan(self.maker),
                )  # fmt: skip
                settlement.confirm(by=self.checkers[1], settlement=said)

    def _statement(self) -> set[str]:
        text = subprocess.run(self.statement, capture_output=True, text=True, check=True).stdout
        return {json.loads(line)["order_no"] for line in text.splitlines()}

    # ---- eight at once -------------------------------------------------------------------------

    def _crowd(self, programme: Programme, owed: Owed) -> None:
        """Serve, list, approve and release by eight people at the same moment."""
        fen = owed.fen * owed.reaches
        persist(partial(grant, self.officer, self.checkers[0], programme, fen))
        outcomes = at_once([lambda: entitlements.evaluate(programme)] * CROWD_SIZE)
        outcomes += at_once(
            [lambda: batches.build(by=self.maker, programme=programme)] * CROWD_SIZE
        )
        for batch in persist(lambda: list(PayoutBatch.objects.filter(programme=programme))):
            persist(partial(submit_draft, self.maker, batch))
            for act in (batches.approve, batches.release):
                outcomes += at_once([partial(act_on, act, who, batch) for who in self.checkers])
        self.papers.drop(papers.CROWD)
        self.papers.write(papers.CROWD_DONE, outcomes)


@transaction.atomic
def grant(officer: User, checker: User, programme: Programme, fen: int) -> None:
    """Raise the budget by two people, unless they did, and serve nobody yet."""
    if Budget.objects.get(pk=programme.budget_id).total_fen == fen:
        return
    change = budgets.propose(by=officer, programme=programme, total_fen=fen, reason="a crowd")
    budgets.agree(by=checker, change=change)


def wechat_account(person: Person) -> str:
    """Give a person a WeChat account that may be used at once; return its openid."""
    number = f"o-{payouts.card_number()}"
    payouts.account(
        person.memberships.get(), kind=AccountKind.WECHAT, number=number,
        number_index=blind_index(number, "wechat"), number_masked=f"…{number[-4:]}",
        number_tail=number[-4:],
    )  # fmt: skip
    return number


def submit_draft(maker: User, batch: PayoutBatch) -> None:
    if fresh(batch).state == BatchState.DRAFT:
        batches.submit(by=maker, batch=batch)


def act_on(act: Callable[..., Any], who: User, batch: PayoutBatch) -> None:
    act(by=who, batch=fresh(batch))


def fresh(batch: PayoutBatch) -> PayoutBatch:
    return PayoutBatch.objects.get(pk=batch.pk)


def at_once(acts: list[Callable[[], Any]]) -> Counter[str]:
    """Do all at the same moment, each with a connection of its own; count how they ended."""
    ended: Counter[str] = Counter()
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            act()
            ended["done"] += 1
        except (Refused, DatabaseError, threading.BrokenBarrierError) as error:
            ended[type(error).__name__] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def main() -> int:
    Feeder(Path(sys.argv[1])).run()
    return 0
