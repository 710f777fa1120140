"""Notices of WeChat Pay: true ones make us ask, forged, replayed and unfit ones change nothing."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.urls import reverse

from benefits import relay
from benefits.actions import callbacks, orders
from benefits.channels.orders import NOTHING
from benefits.models import ChannelNotice, LineEvidence, PayoutLine, PayoutOrder, RefusedNotice
from tests.factories import payouts, wechat
from unionportal.core.limits import Limit
from unionportal.core.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
REFUSAL = (401, b'{"code": "FAIL", "message": "refused"}')


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with wechat.serving(tmp_path_factory.mktemp("wechat")) as running:
        yield running


@pytest.fixture
def world(server, money_desk, settings, client):
    """Two people whose orders WeChat has; one of another channel's day."""
    settings.WECHAT_PAY_KEYS = str(server.folder / "keys")
    settings.WECHAT_PAY_API = server.address
    settings.WECHAT_PAY_NOTIFY_URL = "http://127.0.0.1:9/pay/wechat/"
    batch = wechat.released(
        money_desk.unit, money_desk.maker, money_desk.checker, "张三", "努尔·卡力"
    )
    relay.run_pass()
    orders = list(PayoutOrder.objects.select_related("line__payee_account").order_by("line__seq"))
    return SimpleNamespace(server=server, batch=batch, order=orders[0], other=orders[1],
                           client=client)  # fmt: skip


def post(world: Any, body: bytes, headers: dict[str, str], **more: Any) -> tuple[int, bytes]:
    answer = world.client.post(
        reverse("pay:wechat-notice"), body, content_type="application/json",
        headers=headers, **more,
    )  # fmt: skip
    return answer.status_code, answer.content


def true(world: Any, **changes: Any) -> bytes:
    """The bytes of a notice that says what is so, with some of it changed."""
    said = wechat.facts(world.order, **changes.pop("facts", {}))
    return json.dumps(wechat.notice(world.server, said, **changes), ensure_ascii=False).encode()


def test_a_true_notice_makes_us_ask_and_the_answer_pays(world):
    world.server.order("confirm", "--all")
    body = true(world)
    assert post(world, body, wechat.signed(world.server, body))[0] == 204
    assert payouts.states(world.batch) == ["awaiting_payee"] * 2  # asked first
    assert relay.run_pass() == 1
    assert payouts.states(world.batch) == ["paid", "awaiting_payee"]
    sources = LineEvidence.objects.filter(line=world.order.line).values_list("source", "outcome")
    assert ("callback", "success") in set(sources)


def test_a_true_notice_five_times_counts_once(world):
    body = true(world)
    for _copy in range(5):
        assert post(world, body, wechat.signed(world.server, body))[0] == 204
    assert ChannelNotice.objects.count() == 1
    assert RefusedNotice.objects.count() == 0


def test_a_notice_before_the_send_reply_is_taken(world):
    PayoutOrder.objects.filter(pk=world.order.pk).update(bill_no="", channel_state="")
    body = true(world)
    assert post(world, body, wechat.signed(world.server, body))[0] == 204


def test_a_notice_that_lies_about_the_end_pays_nothing(world):
    body = true(world)  # SUCCESS, which nobody confirmed
    assert post(world, body, wechat.signed(world.server, body))[0] == 204
    relay.run_pass()
    assert payouts.states(world.batch) == ["awaiting_payee"] * 2


def test_a_notice_in_between_is_not_lost(world):
    wechat.all_due(world.batch)
    claimed = orders.claim()
    body = true(world)
    assert post(world, body, wechat.signed(world.server, body))[0] == 204
    orders.record([(item, NOTHING) for item in claimed])
    order = PayoutOrder.objects.get(pk=world.order.pk)
    other = PayoutOrder.objects.get(pk=world.other.pk)
    assert (order.step, order.noticed_at is not None) == ("query", True)
    assert order.due_at < other.due_at  # at once, not when the other is asked again


# ---- what is refused ---------------------------------------------------------------------------

Forged = tuple[bytes, dict[str, str]]
Forge = Callable[[Any], Forged]


def _header(name: str, value: Callable[[str], str]) -> Forge:
    def make(world: Any) -> Forged:
        body = true(world)
        headers = wechat.signed(world.server, body)
        return body, {**headers, name: value(headers[name])}

    return make


def _without(name: str) -> Forge:
    def make(world: Any) -> Forged:
        body = true(world)
        headers = wechat.signed(world.server, body)
        del headers[name]
        return body, headers

    return make


def _at(seconds: float) -> Forge:
    def make(world: Any) -> Forged:
        body = true(world)
        return body, wechat.signed(world.server, body, at=time.time() + seconds)

    return make


def _body(change: Callable[[bytes], bytes]) -> Forge:
    """Bytes that changed after they were signed."""

    def make(world: Any) -> Forged:
        body = true(world)
        return change(body), wechat.signed(world.server, body)

    return make


def _says(**changes: Any) -> Forge:
    """Signed and sealed rightly, and it does not fit what was sent."""

    def make(world: Any) -> Forged:
        body = true(world, **changes)
        return body, wechat.signed(world.server, body)

    return make


def _raw(body: bytes) -> Forge:
    return lambda world: (body, wechat.signed(world.server, body))


def _other_platform(world: Any) -> Forged:
    body = true(world)
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    thief = dataclasses.replace(world.server.keys, platform=mine)
    return body, wechat.signed(SimpleNamespace(keys=thief), body)


def _merchants_own_key(world: Any) -> Forged:
    """Signed by ourselves: a request of ours sent back to us."""
    content = (world.server.folder / "keys" / "merchant_private.pem").read_bytes()
    thief = dataclasses.replace(world.server.keys, platform=load_pem_private_key(content, None))
    body = true(world)
    return body, wechat.signed(SimpleNamespace(keys=thief), body)


def _other_seal(world: Any) -> Forged:
    body = true(world, keys=dataclasses.replace(world.server.keys, apiv3=b"0" * 32))
    return body, wechat.signed(world.server, body)


def _clear(world: Any) -> Forged:
    """The facts in the clear where the sealed part belongs."""
    sealed = {"algorithm": "AEAD_AES_256_GCM", **wechat.facts(world.order)}
    body = true(world, resource=sealed)
    return body, wechat.signed(world.server, body)


def _cut_seal(world: Any) -> Forged:
    content = json.loads(true(world))
    text = base64.b64decode(content["resource"]["ciphertext"])
    content["resource"]["ciphertext"] = base64.b64encode(text[:-1]).decode()
    body = json.dumps(content).encode()
    return body, wechat.signed(world.server, body)


def _others_number(world: Any) -> Forged:
    said = wechat.facts(world.order, out_bill_no=world.other.line.order_no)
    body = json.dumps(wechat.notice(world.server, said)).encode()
    return body, wechat.signed(world.server, body)


def _never_sent(world: Any) -> Forged:
    PayoutOrder.objects.filter(pk=world.order.pk).update(tried_at=None, step="send")
    body = true(world)
    return body, wechat.signed(world.server, body)


def _event_of_another(world: Any) -> Forged:
    ChannelNotice.objects.create(event_id="event-1", order=world.other, said_state="FAIL")
    body = true(world)
    return body, wechat.signed(world.server, body)


FORGED: dict[str, Forge] = {
    "no signature": _without("Wechatpay-Signature"),
    "no timestamp": _without("Wechatpay-Timestamp"),
    "no nonce": _without("Wechatpay-Nonce"),
    "no serial": _without("Wechatpay-Serial"),
    "empty signature": _header("Wechatpay-Signature", lambda _text: ""),
    "signature of zeros": _header(
        "Wechatpay-Signature", lambda _text: base64.b64encode(bytes(256)).decode()
    ),
    "signature turned round": _header("Wechatpay-Signature", lambda text: text[::-1]),
    "signature not base64": _header("Wechatpay-Signature", lambda _text: "%%%"),
    "signature cut": _header("Wechatpay-Signature", lambda text: text[:-8]),
    "other nonce": _header("Wechatpay-Nonce", lambda text: text[::-1] + "0"),
    "other serial": _header("Wechatpay-Serial", lambda text: text[:-1] + "!"),
    "serial of a certificate": _header("Wechatpay-Serial", lambda _text: "5157F09EFDC096DE"),
    "timestamp changed": _header("Wechatpay-Timestamp", lambda text: str(int(text) + 1)),
    "timestamp in words": _header("Wechatpay-Timestamp", lambda _text: "now"),
    "timestamp of other digits": _header("Wechatpay-Timestamp", lambda _text: "１７００００"),
    "timestamp without end": _header("Wechatpay-Timestamp", lambda text: text + "0" * 400),
    "other scheme": _header("Wechatpay-Signature-Type", lambda _text: "NONE"),
    "too old": _at(-302),
    "three days late": _at(-3 * 86_400),
    "out of the future": _at(303),
    "space added": _body(lambda body: body + b" "),
    "amount of the envelope": _body(lambda body: body.replace(b"event-1", b"event-2")),
    "nothing in it": _body(lambda _body: b""),
    "not text": _body(lambda _body: b"\xff\xfe\x00"),
    "too long": _body(lambda body: body + b" " * 70_000),
    "another's key": _other_platform,
    "our own key": _merchants_own_key,
    "another seal": _other_seal,
    "no seal": _clear,
    "seal cut": _cut_seal,
    "seal of another kind": _says(resource={"algorithm": "SM4", "nonce": "1", "ciphertext": "1"}),
    "no resource": _says(resource=None),
    "list for an object": _raw(b"[]"),
    "number for an object": _raw(b"7"),
    "no json": _raw(b"<xml/>"),
    "event of another kind": _says(event_type="REFUND.SUCCESS"),
    "no event number": _says(id=""),
    "event number without end": _says(id="9" * 65),
    "event number of another order": _event_of_another,
    "another merchant": _says(facts={"mch_id": "1900000110"}),
    "unknown order": _says(facts={"out_bill_no": "0" * 32}),
    "no order": _says(facts={"out_bill_no": None}),
    "another's order": _others_number,
    "an order that never left": _never_sent,
    "a fen more": _says(facts={"transfer_amount": 5001}),
    "amount as text": _says(facts={"transfer_amount": "5000"}),
    "amount of yuan": _says(facts={"transfer_amount": 50}),
    "another payee": _says(facts={"openid": "o-somebody"}),
    "another bill": _says(facts={"transfer_bill_no": "1330000000000000000000000000000000000"}),
}  # fmt: skip


def picture() -> list[Any]:
    """All that a notice could change."""
    return [
        list(PayoutLine.objects.order_by("pk").values()),
        list(PayoutOrder.objects.order_by("pk").defer("package").values(
            "step", "due_at", "noticed_at", "bill_no", "channel_state", "tries", "polls")),
        LineEvidence.objects.count(),
        ChannelNotice.objects.count(),
    ]  # fmt: skip


def test_every_forged_notice_is_refused_alike_told_once_and_changes_nothing(world):
    assert len(FORGED) >= 40
    for name, forge in FORGED.items():
        tried = PayoutOrder.objects.filter(pk=world.order.pk)
        body, headers = forge(world)
        before = picture()
        rows, alerts = RefusedNotice.objects.count(), _alerts()
        assert post(world, body, headers) == REFUSAL, name
        assert picture() == before, name
        assert (RefusedNotice.objects.count(), _alerts()) == (rows + 1, alerts + 1), name
        ChannelNotice.objects.all().delete()
        tried.update(tried_at=tried.model.objects.get(pk=world.other.pk).tried_at, step="query")


def _alerts() -> int:
    return AuditEvent.objects.filter(verb="alert.notice_refused").count()


def test_after_all_forged_ones_a_true_one_is_taken(world):
    body = true(world)
    forged = {**wechat.signed(world.server, body), "Wechatpay-Signature": "no"}
    assert post(world, body, forged) == REFUSAL
    assert post(world, body, wechat.signed(world.server, body))[0] == 204


def test_a_flood_of_forged_ones_fills_no_table(world, monkeypatch):
    monkeypatch.setattr(callbacks, "REFUSED", Limit("notice_refused_test", 3, 3_600))
    for _time in range(6):
        assert post(world, b"x", {}) == REFUSAL
    assert RefusedNotice.objects.count() == 3


def test_without_an_agreement_nothing_is_taken(world, settings):
    body = true(world)
    headers = wechat.signed(world.server, body)
    settings.WECHAT_PAY_KEYS = ""
    assert post(world, body, headers) == REFUSAL


def test_only_a_post_is_answered(world):
    assert world.client.get(reverse("pay:wechat-notice")).status_code == 405
