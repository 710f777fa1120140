"""The worker's answer page: nothing given away, nothing shown on somebody else's phone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Person
from tests.factories import members as make
from unionportal.core import limits
from unionportal.core.models import OutboxMessage, VerificationCode
from unionportal.core.models.messaging import MessageState
from unionportal.worker import identity

NEUTRAL = "If the details match, a text is on its way to the phone on file."


@pytest.fixture
def phone() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def member(district):
    """A member whose phone is verified and nobody else's; the ID number is kept for typing."""
    membership = make.membership(district.firm_a, phone_is_verified=True)
    return Person.objects.get(pk=membership.person_id)


def ask(client: Client, name: str, id_number: str):
    return client.post("/status/", {"name": name, "id_number": id_number}, follow=True)


def newest_code() -> str:
    message = OutboxMessage.objects.order_by("-id").first()
    return re.search(r"\d{6}", message.body)[0]


def answer(client: Client, code: str):
    return client.post("/status/code/", {"code": code}, follow=True)


def test_member_with_own_phone_sees_everything(phone, member):
    page = ask(phone, member.name, member.id_number)
    assert NEUTRAL in page.content.decode()
    page = answer(phone, newest_code())
    text = page.content.decode()
    assert page.redirect_chain[-1][0] == "/status/mine/"
    assert 'data-status="active"' in text
    assert "You are a union member" in text
    assert member.memberships.get().member_no in text
    assert "data-short" not in text


def test_unknown_wrong_name_and_right_person_get_the_same_page(phone, member):
    pages = []
    for name, number in [
        (member.name, member.id_number),
        ("别人", member.id_number),
        ("张三", make.id_number()),
    ]:
        client = Client(headers={"accept-language": "en"})
        page = client.post("/status/", {"name": name, "id_number": number})
        pages.append((page.status_code, page["Location"]))
        body = client.get("/status/code/").content.decode()
        pages.append(re.sub(r'value="[^"]+"', "", body))
    assert pages[0] == pages[2] == pages[4] == (302, "/status/code/")
    assert pages[1] == pages[3] == pages[5]
    assert OutboxMessage.objects.filter(state=MessageState.QUEUED).count() == 1
    assert VerificationCode.objects.count() == 3


def test_unknown_and_wrong_name_cost_what_the_right_person_costs(phone, member):
    statements = []
    for name, number in [
        (member.name, member.id_number),
        ("别人", member.id_number),
        ("张三", make.id_number()),
    ]:
        client = Client(headers={"accept-language": "en"})
        client.get("/status/")
        with CaptureQueriesContext(connection) as seen:
            client.post("/status/", {"name": name, "id_number": number})
        statements.append([re.sub(r"'[^']*'|_x\d+", "?", query["sql"]) for query in seen])
    assert statements[0] == statements[1] == statements[2]
    assert sum("core_outboxmessage" in sql for sql in statements[0]) == 1


def test_wrong_code_is_answered_alike_for_known_and_unknown(phone, member):
    ask(phone, member.name, member.id_number)
    known = answer(phone, "000000").content.decode()
    stranger = Client(headers={"accept-language": "en"})
    stranger.cookies["django_language"] = "en"
    ask(stranger, "张三", make.id_number())
    unknown = answer(stranger, "000000").content.decode()
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", known) == strip.sub("", unknown)
    assert "This code does not fit" in known


def test_five_wrong_codes_close_the_right_one(phone, member):
    ask(phone, member.name, member.id_number)
    code = newest_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _try in range(5):
        answer(phone, wrong)
    assert "This code does not fit" in answer(phone, code).content.decode()
    assert phone.get("/status/mine/")["Location"] == "/status/"


def test_code_of_one_session_is_worth_nothing_in_another(phone, member):
    ask(phone, member.name, member.id_number)
    code = newest_code()
    other = Client()
    ask(other, member.name, member.id_number)
    assert "/status/code/" in answer(other, code).request["PATH_INFO"]


def test_claimed_phone_opens_membership_only(phone, district):
    person = Person.objects.get(pk=make.membership(district.firm_a).person_id)
    ask(phone, person.name, person.id_number)
    page = answer(phone, newest_code()).content.decode()
    assert 'data-short="1"' in page
    assert "You are a union member" in page
    assert person.memberships.get().member_no not in page
    assert "Somebody else typed this phone for you" in page


def test_shared_phone_opens_membership_only_even_when_verified(phone, member, district):
    make.membership(district.firm_a, phone=member.phone)
    ask(phone, member.name, member.id_number)
    page = answer(phone, newest_code()).content.decode()
    assert "on file for several people" in page
    assert "Last six digits" not in page


def test_answer_closes_after_fifteen_minutes(phone, member):
    ask(phone, member.name, member.id_number)
    answer(phone, newest_code())
    assert phone.get("/status/mine/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert phone.get("/status/mine/")["Location"] == "/status/"


def test_leaving_forgets_the_visitor(phone, member):
    ask(phone, member.name, member.id_number)
    answer(phone, newest_code())
    phone.post("/status/leave/")
    assert phone.get("/status/mine/")["Location"] == "/status/"


def test_second_request_within_a_minute_sends_no_second_text(phone, member):
    ask(phone, member.name, member.id_number)
    ask(phone, member.name, member.id_number)
    assert OutboxMessage.objects.filter(state=MessageState.QUEUED).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Type your name."),
        ("id_number", "", "Type the ID number."),
        ("id_number", "490103800229105", "15"),
        ("id_number", "490103200002291052", "last digit"),
        ("id_number", "4901032000022910", "16"),
    ],
)
def test_typing_error_is_explained_and_kept(phone, db, field, value, message):
    typed = {"name": "张三", "id_number": "490103200002291051", field: value}
    page = phone.post("/status/", typed).content.decode()
    assert message in page
    kept = "name" if field == "id_number" else "id_number"
    assert typed[kept] in page
    assert OutboxMessage.objects.count() == 0


def test_id_number_is_never_in_an_address(phone, member):
    page = ask(phone, member.name, member.id_number)
    assert [url for url, _status in page.redirect_chain] == ["/status/code/"]


def test_too_many_questions_from_one_address_are_refused(phone, db, monkeypatch):
    monkeypatch.setattr(identity, "PER_ADDRESS", limits.Limit("status-address", 1, 3600))
    ask(phone, "张三", make.id_number())
    page = phone.post("/status/", {"name": "张三", "id_number": make.id_number()})
    assert page.status_code == 429
    assert "too often" in page.content.decode()
