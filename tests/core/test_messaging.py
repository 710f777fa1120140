"""Outbox, limits per phone, one-time codes."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from unionportal.core.actors import SYSTEM
from unionportal.core.messaging import codes, gateways, outbox
from unionportal.core.models import OutboxMessage, VerificationCode

PHONE = "13900000001"


class Collecting(gateways.Gateway):
    """A gateway of this test: keeps what it was given, or refuses."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses, self.sent = refuses, []

    def send(self, *, phone: str, body: str, reference: str) -> None:
        if self.refuses:
            raise gateways.Rejected("bad number")
        self.sent.append((phone, body))


@pytest.fixture
def gateway(monkeypatch):
    collecting = Collecting()
    monkeypatch.setattr(outbox, "gateway", lambda: collecting)
    return collecting


def issue(subject, session="s", phone=PHONE) -> str:
    codes.issue(purpose="test", subject_key=subject, session_key=session, phone=phone)
    message = OutboxMessage.objects.order_by("-id").first()
    return re.match(r"\d{6}", message.body)[0] if message else ""


def check(subject, code, session="s", purpose="test") -> bool:
    return codes.check(purpose=purpose, subject_key=subject, session_key=session, code=code)


def test_waiting_messages_go_once(db, gateway):
    outbox.queue(by=SYSTEM, purpose="test", phone=PHONE, body="hello")
    assert (outbox.send_waiting(), outbox.send_waiting()) == (1, 0)
    assert gateway.sent == [(PHONE, "hello")]
    assert OutboxMessage.objects.get().state == "sent"


def test_refused_message_fails_with_the_reason(db, monkeypatch):
    monkeypatch.setattr(outbox, "gateway", lambda: Collecting(refuses=True))
    outbox.queue(by=SYSTEM, purpose="test", phone=PHONE, body="hello")
    assert outbox.send_waiting() == 0
    message = OutboxMessage.objects.get()
    assert (message.state, message.error) == ("failed", "bad number")


def test_second_text_to_a_phone_within_a_minute_is_not_allowed(db):
    assert [outbox.may_text(PHONE) for _try in range(2)] == [True, False]
    assert outbox.may_text("13900000002") is True


def test_phone_and_body_are_not_readable_in_the_table(db):
    outbox.queue(by=SYSTEM, purpose="test", phone=PHONE, body="secret text")
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone::text || body::text FROM core_outboxmessage")
        row = bytes.fromhex(cursor.fetchone()[0].replace("\\x", ""))
    assert PHONE.encode() not in row
    assert b"secret" not in row


def test_right_code_opens_once(db):
    subject = uuid4()
    code = issue(subject)
    assert [check(subject, code) for _try in range(2)] == [True, False]


def test_five_wrong_codes_close_the_right_one(db):
    subject = uuid4()
    code = issue(subject)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert [check(subject, wrong) for _try in range(5)] == [False] * 5
    assert check(subject, code) is False


def test_code_belongs_to_session_and_purpose(db):
    subject = uuid4()
    code = issue(subject)
    assert check(subject, code, session="other") is False
    assert check(subject, code, purpose="other") is False
    assert check(subject, code) is True


def test_code_dies_after_five_minutes(db):
    subject = uuid4()
    code = issue(subject)
    VerificationCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert check(subject, code) is False


def test_newer_code_replaces_the_older(db):
    subject = uuid4()
    first = issue(subject)
    second = issue(subject)
    assert check(subject, first) is (first == second)
    assert VerificationCode.objects.filter(used_at__isnull=True).count() == 2 - (first == second)
    assert check(subject, second) is (first != second)


def test_unknown_subject_costs_the_same_rows_and_gets_no_message(db):
    codes.issue(purpose="test", subject_key=uuid4(), session_key="s", phone="")
    assert VerificationCode.objects.count() == 1
    assert OutboxMessage.objects.get().state == "discarded"
    assert outbox.send_waiting() == 0
