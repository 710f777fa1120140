"""The simulated WeChat Pay as a program, people who are paid by it, and notices, true or forged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benefits.channels.wechat import client
from benefits.models import PayeeAccount, PayoutBatch, PayoutOrder
from benefits.states.cards import AccountKind
from members.models import UnionUnit
from simulators.wechatpay import keys as server_keys
from simulators.wechatpay import signing
from tests.factories import members, payouts
from unionportal.core.crypto import blind_index

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A running simulated WeChat Pay and its command line."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.keys = server_keys.load(folder / "keys")

    def order(self, *words: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "simulators.wechatpay", *words, "--db",
             str(self.folder / "w.db")],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    def plan(self, kind: str, batch: PayoutBatch, *words: str) -> None:
        """Let it go wrong with the first line of a batch."""
        number = batch.lines.order_by("seq").values_list("order_no", flat=True)[0]
        self.order("plan", kind, "--match", f"out_bill_no={number}", *words)

    def paid(self, batch: PayoutBatch) -> dict[str, int]:
        """Return order number → how often it was paid by the server's own books."""
        numbers = set(batch.lines.values_list("order_no", flat=True))
        found = [row["out_bill_no"] for row in self.order("ledger")]
        return {number: found.count(number) for number in numbers & set(found)}


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[Server]:
    """Run the server on a free port."""
    command = [sys.executable, "-m", "simulators.wechatpay", "serve", "--db", str(folder / "w.db"),
               "--keys", str(folder / "keys"), *words]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        try:
            yield Server(folder, address)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def account(membership: Any, **fields: Any) -> PayeeAccount:
    """Give a member a WeChat account that may be used at once."""
    number = fields.pop("number", f"o-{payouts.card_number()}")
    values = {
        "kind": AccountKind.WECHAT, "number": number,
        "number_index": blind_index(number, "wechat"), "number_masked": f"…{number[-4:]}",
        "number_tail": number[-4:], **fields,
    }  # fmt: skip
    return payouts.account(membership, **values)


def released(unit: UnionUnit, maker: Any, checker: Any, *names: str, **fields: Any) -> PayoutBatch:
    """Release a list of people who are paid by WeChat."""
    for name in names:
        membership = members.membership(unit, name=name)
        payouts.card(membership)
        account(membership)
    programme = payouts.programme(channel="wechat", people=max(1, len(names)), **fields)
    return payouts.released(programme, maker=maker, checker=checker)


def all_due(batch: PayoutBatch) -> None:
    """Let the time pass until the relay acts again on every order that is not over."""
    orders = PayoutOrder.objects.filter(line__batch=batch, due_at__isnull=False)
    orders.update(due_at="2026-01-01T00:00:00+00:00")


def facts(order: PayoutOrder, **changes: Any) -> dict[str, Any]:
    """What a true notice says about an order."""
    line = order.line
    said = {
        "mch_id": client.merchant().account.mchid, "out_bill_no": line.order_no,
        "transfer_bill_no": order.bill_no, "state": "SUCCESS", "transfer_amount": line.amount_fen,
        "openid": line.payee_account.number, "create_time": "2026-11-22T10:00:00.000+08:00",
        "update_time": "2026-11-22T10:00:01.000+08:00",
    }  # fmt: skip
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def notice(server: Server, said: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole notice, sealed with the server's key unless `keys` are another's."""
    return {
        "id": "event-1", "create_time": "2026-11-22T10:00:01+08:00",
        "resource_type": "encrypt-resource", "event_type": "MCHTRANSFER.BILL.FINISHED",
        "summary": "商家转账单据终态通知",
        "resource": signing.seal(changes.pop("keys", server.keys), said, "mch_payment"), **changes,
    }  # fmt: skip


def signed(server: Server, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """The headers of a notice the server signs now, or signed at another time."""
    return signing.headers_for(server.keys, body, time.time() if at is None else at)
