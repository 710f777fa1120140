"""Every way of paying with the other side it has, driven alike: what the contract test runs on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone

from benefits import outbound, relay
from benefits.actions import bankfiles, cash
from benefits.models import PayoutBatch, PayoutOrder
from members.models import Membership
from tests.factories import members, payouts, wechat
from tests.factories.banks import BANKS, Bank
from unionportal.core.errors import Refused
from unionportal.core.models import User

# What the other side may say about each line: paid, failed, strange (nothing we understand).
Verdicts = Mapping[int, str]


class Way(Protocol):
    channel: str

    def give_account(self, membership: Membership) -> None: ...

    def carry(self, batch: PayoutBatch) -> None:
        """Let everything leave that may."""

    def say(self, batch: PayoutBatch, verdicts: Verdicts) -> None:
        """Carry; let the other side say this about the lines, and take in what it says."""

    def asked(self, batch: PayoutBatch) -> int:
        """Return how many payments the other side was ever asked for."""


class ByFile:
    """A bank's file, in one of the profiles."""

    channel = "bank_file"

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.serial = itertools.count(1)

    def give_account(self, membership: Membership) -> None:
        payouts.card(membership)

    def carry(self, batch: PayoutBatch) -> None:
        bankfiles.send_waiting()

    def say(self, batch: PayoutBatch, verdicts: Verdicts) -> None:
        self.carry(batch)
        file = batch.files.get()
        sent = self.bank.read(outbound.content_of(file))
        said = [(one, verdicts[one.seq]) for one in sent if one.seq in verdicts]
        payouts.receive(self.bank.result(file.number, said), f"answer {next(self.serial)}")

    def asked(self, batch: PayoutBatch) -> int:
        handed_over = batch.files.filter(handed_over_at__isnull=False)
        return sum(len(self.bank.read(outbound.content_of(file))) for file in handed_over)


LONG_AGO = "2026-01-01T00:00:00+00:00"
FAULTS = {"failed": ("fail", "--code", "NAME_NOT_CORRECT"), "strange": ("query-wrong-amount",)}


class ByWeChat:
    """WeChat transfers, over HTTP to the simulated server."""

    channel = "wechat"

    def __init__(self, server: wechat.Server) -> None:
        self.server = server

    def give_account(self, membership: Membership) -> None:
        payouts.card(membership)
        wechat.account(membership)

    def carry(self, batch: PayoutBatch) -> None:
        relay.run_pass()

    def say(self, batch: PayoutBatch, verdicts: Verdicts) -> None:
        numbers = dict(batch.lines.values_list("seq", "order_no"))
        said = [(numbers[seq], *FAULTS[verdict]) for seq, verdict in verdicts.items()
                if verdict in FAULTS]  # fmt: skip
        for number, *fault in said:
            self.server.order("plan", *fault, "--match", f"out_bill_no={number}")
        self.carry(batch)
        self._ask(batch)
        waiting = {row["out_bill_no"] for row in self.server.order("ledger", "--bills")
                   if row["state"] == "WAIT_USER_CONFIRM"}  # fmt: skip
        paid = {numbers[seq] for seq, verdict in verdicts.items() if verdict == "paid"} & waiting
        if paid:
            self.server.order("confirm", "--bill", *sorted(paid))
        self._ask(batch)

    def _ask(self, batch: PayoutBatch) -> None:
        """Let the time pass until every order is asked about, those that are over too."""
        PayoutOrder.objects.filter(line__batch=batch).update(due_at=LONG_AGO)
        relay.run_pass()

    def asked(self, batch: PayoutBatch) -> int:
        numbers = set(batch.lines.values_list("order_no", flat=True))
        calls = self.server.order("ledger", "--calls")
        return len({row["out_bill_no"] for row in calls if row["kind"] == "create"} & numbers)


class ByCash:
    """A pay list that people sign; two of finance look at what came back."""

    channel = "cash"

    def __init__(self, one: User, other: User) -> None:
        self.one, self.other = one, other

    def give_account(self, membership: Membership) -> None:
        payouts.card(membership)

    def carry(self, batch: PayoutBatch) -> None:
        with suppress(Refused):
            cash.take_pay_list(by=self.one, batch=batch)

    def say(self, batch: PayoutBatch, verdicts: Verdicts) -> None:
        self.carry(batch)
        told = {verdict: {seq for seq, said in verdicts.items() if said == verdict}
                for verdict in ("paid", "failed")}  # fmt: skip
        with suppress(Refused):  # who has signed already does not sign again
            receipt = cash.record(
                by=self.one, batch=batch, paid_on=timezone.localdate(), paid=told["paid"],
                scan=members.scan(self.one), unpaid=told["failed"],
            )  # fmt: skip
            cash.confirm(by=self.other, receipt=receipt)

    def asked(self, batch: PayoutBatch) -> int:
        return batch.lines.filter(sent_at__isnull=False).count()


FILE_WAYS: dict[str, Way] = {
    f"bank_file-{name}": ByFile(bank) for name, bank in BANKS.items()
}  # fmt: skip


def force(batch: PayoutBatch, **values: Any) -> None:
    """Change the first line behind the triggers' back."""
    names = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"UPDATE benefits_payoutline SET {names} WHERE batch_id = %s AND seq = 1",
            [*values.values(), batch.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
