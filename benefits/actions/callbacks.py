"""Take a channel's notice: proven, fitting, counted once, and then only a reason to ask.

Nothing a notice says is believed (security.md section 2, row 16): it makes the order due, and the
query's answer is what settles the line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from benefits.channels.wechat import client
from benefits.models import ChannelNotice, PayoutOrder, RefusedNotice
from benefits.states.orders import OrderStep
from unionportal.core import audit
from unionportal.core.actors import BANK
from unionportal.core.alerts import alert_once
from unionportal.core.limits import Limit, take
from unionportal.core.wake import wake

LONGEST = 65_536
EVENT = "MCHTRANSFER.BILL.FINISHED"
# Beyond this a forger fills neither our table nor the operator's eyes; the flood itself is told.
REFUSED = Limit("notice_refused", 600, 3_600)


class Refuse(Exception):
    """The notice does not pass; the word says which check."""


def receive(*, headers: Mapping[str, str], body: bytes) -> bool:
    """Take a notice; return whether it passed. A repeat of one that passed changes nothing.

    Each that does not pass is one row and one alert, and changes nothing else.
    """
    try:
        event_id, facts = _proven(headers, body)
        _take(event_id, facts)
    except Refuse as refusal:
        _refused(str(refusal), body)
        return False
    return True


def _proven(headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """Return event id and facts of a notice that WeChat signed and sealed for us, just now."""
    if not client.is_set_up():
        raise Refuse("not_set_up")
    account = client.merchant().account
    if len(body) > LONGEST or not client.is_signed(headers, body, account):
        raise Refuse("signature")
    try:
        said = json.loads(body)
        event_id, kind, resource = said["id"], said["event_type"], said["resource"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refuse("content") from error
    if not isinstance(event_id, str) or not 0 < len(event_id) <= 64 or kind != EVENT:
        raise Refuse("event")
    facts = client.opened(resource, account) if isinstance(resource, dict) else None
    if facts is None:
        raise Refuse("seal")
    if facts.get("mch_id") != account.mchid:
        raise Refuse("merchant")
    return event_id, facts


@transaction.atomic
def _take(event_id: str, facts: Mapping[str, Any]) -> None:
    order = (
        PayoutOrder.objects.select_for_update(of=("self",))
        .select_related("line__payee_account")
        .filter(line__order_no=str(facts.get("out_bill_no", "")), tried_at__isnull=False)
        .first()
    )
    if order is None:
        raise Refuse("order")
    line = order.line
    if facts.get("transfer_amount") != line.amount_fen:
        raise Refuse("amount")
    if facts.get("openid") != line.payee_account.number:
        raise Refuse("payee")
    if order.bill_no and facts.get("transfer_bill_no") != order.bill_no:
        raise Refuse("bill")
    notice, is_new = ChannelNotice.objects.get_or_create(
        event_id=event_id, defaults={"order": order, "said_state": str(facts.get("state"))[:24]}
    )
    if notice.order_id != order.pk:
        raise Refuse("event")
    if is_new:
        audit.record(by=BANK, verb="payout_order.notice", target=line)
        PayoutOrder.objects.filter(pk=order.pk).update(
            noticed_at=Now(), due_at=Now(), step=OrderStep.QUERY
        )
        wake("benefits.relay_orders")


def _refused(reason: str, body: bytes) -> None:
    if not take(REFUSED, "all"):
        return
    with transaction.atomic():
        row = RefusedNotice.objects.create(
            reason=reason, body_sha256=hashlib.sha256(body).hexdigest()
        )
        alert_once("notice_refused", by=BANK, target=row, data={"check": reason})
