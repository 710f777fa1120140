"""WeChat transfers as a channel: what leaves, what an answer means, what does not fit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from benefits import channels
from benefits.actions import orders
from benefits.channels.orders import NOTHING, Answer, Heard, Order
from benefits.channels.wechat import client, words
from benefits.channels.wechat.client import Unheard
from benefits.evidence import Said
from benefits.states.cards import AccountKind
from benefits.states.payouts import Channel, EvidenceSource, Outcome, Reason
from unionportal.core.wake import wake

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.db.models import QuerySet

    from benefits.models import PayeeAccount, PayoutBatch, PayoutLine, Programme
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

# Below 0.30 yuan a name cannot be sent, and it always is: WeChat checks it, and auditors want the
# receipt that only named transfers have.
LEAST_FEN = 30
REMARK = 32
OVER_STATES = frozenset({"SUCCESS", "FAIL", "CANCELLED"})


class WeChatChannel:
    code = Channel.WECHAT
    label = Channel.WECHAT.label
    account_kind = AccountKind.WECHAT
    most_lines = 10_000

    @property
    def calls_per_second(self) -> int:
        return int(settings.WECHAT_PAY_RATE)

    def is_ready(self) -> bool:
        return client.is_set_up()

    def prepare(self, programme: Programme, person_ids: Collection[UUID] | None) -> None:
        """Nothing: the account is the member's own."""

    def obstacle(self, account: PayeeAccount, amount_fen: int) -> str:
        if amount_fen < LEAST_FEN:
            return "amount"
        return "" if account.holder_name.strip() else "name"

    def queue(
        self,
        batch: PayoutBatch,
        lines: QuerySet[PayoutLine],
        *,
        by: User | ServiceActor,
    ) -> None:
        orders.queue(lines)
        wake("benefits.relay_orders")

    def send(self, order: Order) -> Answer:
        """Ask for a transfer; the end of it is only believed when a query says so."""
        merchant = client.merchant()
        answer = _call(
            lambda: merchant.mch_transfer_bills(
                out_bill_no=order.number,
                transfer_scene_id=settings.WECHAT_PAY_SCENE,
                openid=order.account,
                transfer_amount=order.amount_fen,
                transfer_remark=order.remark[:REMARK],
                user_name=order.holder,
                transfer_scene_report_infos=settings.WECHAT_PAY_REPORTS,
            )
        )
        return _reply(order, *answer) if answer else NOTHING

    def query(self, order: Order) -> Answer:
        answer = _call(lambda: client.merchant().mch_transfer_bills_query(out_bill_no=order.number))
        return _status(order, *answer) if answer else NOTHING

    def cancel(self, order: Order) -> Answer:
        """Take an order back that nobody confirmed; the end of that too comes by query."""
        answer = _call(
            lambda: client.merchant().mch_transfer_bills_cancel(out_bill_no=order.number)
        )
        return _reply(order, *answer) if answer else NOTHING


def _call(run: Any) -> tuple[int, dict[str, Any]] | None:
    """Return status and content of a proven answer, None when there was none."""
    try:
        status, text = run()
        content = json.loads(text)
    except (Unheard, ValueError):
        return None
    return (status, content) if isinstance(content, dict) else None


def _reply(order: Order, status: int, content: dict[str, Any]) -> Answer:
    if status != 200:
        return Answer(Heard.NOTHING, code=str(content.get("code", ""))[:40])
    state = str(content.get("state", ""))
    amount = content.get("transfer_amount", order.amount_fen)
    if content.get("out_bill_no") != order.number or amount != order.amount_fen:
        return _differs(EvidenceSource.REPLY)
    outcome, reason = words.read(state, "")
    if outcome in {Outcome.SUCCESS, Outcome.FAILURE}:
        outcome, reason = Outcome.ACCEPTED, Reason.NONE
    return _known(content, state, Said(EvidenceSource.REPLY, outcome, reason))


def _status(order: Order, status: int, content: dict[str, Any]) -> Answer:
    code = str(content.get("code", ""))[:40]
    if status == 404 and code == "NOT_FOUND":
        return Answer(Heard.ABSENT, code=code)
    if status != 200:
        return Answer(Heard.NOTHING, code=code)
    account = client.merchant().account
    sent = (order.number, order.amount_fen, order.account, account.mchid, account.appid)
    names = ("out_bill_no", "transfer_amount", "openid", "mch_id", "appid")
    if tuple(content.get(name) for name in names) != sent:
        return _differs(EvidenceSource.QUERY)
    state, why = str(content.get("state", "")), str(content.get("fail_reason", ""))[:40]
    outcome, reason = words.read(state, why)
    serial = str(content.get("transfer_bill_no", ""))[:64] if outcome == Outcome.SUCCESS else ""
    said = Said(EvidenceSource.QUERY, outcome, reason, code=why or state[:40], serial=serial)
    return _known(content, state, said)


def _known(content: dict[str, Any], state: str, said: Said) -> Answer:
    return Answer(
        Heard.KNOWN,
        said,
        bill_no=str(content.get("transfer_bill_no", ""))[:64],
        state=state[:24],
        package=str(content.get("package_info", "")),
        is_over=said.source == EvidenceSource.QUERY and state in OVER_STATES,
    )


def _differs(source: EvidenceSource) -> Answer:
    """An answer about another order, amount or payee: said, not believed, and reported."""
    said = Said(source, Outcome.UNCLEAR, Reason.UNKNOWN_TEXT, code="differs")
    return Answer(Heard.KNOWN, said, alert="channel_answer_differs")


channels.register(WeChatChannel())
