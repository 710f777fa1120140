"""A worker's own data on the phone: consents, a copy, requests; nothing on another's phone."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from members.actions import requests
from members.models import Consent, DataRequest, Person
from tests.factories import members as make
from unionportal.core.actors import WORKER_SELF
from unionportal.core.models import AuditEvent
from unionportal.worker.identity import SHOWN

pytestmark = pytest.mark.django_db
DATA = "/status/data/"


@pytest.fixture
def member(district):
    return make.membership(district.firm_a, phone_is_verified=True)


def look_in(person: Person) -> Client:
    """Return a phone whose owner has just answered the code."""
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.get("/status/")
    session = client.session
    session[SHOWN] = {"person": str(person.pk), "until": "2199-01-01T00:00:00+00:00"}
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def test_a_worker_sees_gives_and_withdraws(member):
    phone = look_in(member.person)
    page = phone.get(DATA).content.decode()
    given = phone.post(DATA + "consent/", {"purpose": "payout", "wish": "give", "version": "1"})
    assert 'data-purpose="membership" data-given="yes"' in page
    assert 'data-purpose="payout" data-given="no"' in page
    assert given.url == DATA
    assert Consent.objects.filter(purpose="payout", withdrawn_at=None).count() == 1

    phone.post(DATA + "consent/", {"purpose": "membership", "wish": "withdraw"})
    assert Person.objects.get().stopped_reason == "withdrawn"
    assert "only stored now" in phone.get(DATA).content.decode()


def test_an_old_or_unknown_notice_writes_nothing(member):
    phone = look_in(member.person)
    for data in ({"purpose": "payout", "wish": "give", "version": "0"}, {"purpose": "x"}, {}):
        assert phone.post(DATA + "consent/", data).status_code == 302
    assert Consent.objects.count() == 1


def test_a_copy_holds_everything_in_full_at_once(member):
    answer = look_in(member.person).post(DATA + "copy/")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    rows = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python()}
    assert rows["ID number"] == member.person.id_number
    assert rows["Phone"] == member.person.phone
    assert len(book.sheet_names) == 6
    assert AuditEvent.objects.filter(verb="person.copy").count() == 1
    assert "attachment" in answer["Content-Disposition"]


def test_five_copies_a_day(member):
    phone = look_in(member.person)
    codes = [phone.post(DATA + "copy/").status_code for _n in range(6)]
    assert codes == [200] * 5 + [302]


def test_a_correction_and_a_deletion_become_cases(member):
    phone = look_in(member.person)
    empty = phone.post(DATA + "request/", {"kind": "correct", "text": "x"})
    done = phone.post(DATA + "request/", {"kind": "correct", "subject": "name", "text": "芳"})
    twice = phone.post(DATA + "request/", {"kind": "correct", "subject": "name", "text": "方"})
    delete = phone.post(DATA + "request/", {"kind": "delete", "subject": "name"})
    assert (empty.status_code, done.status_code, delete.status_code) == (400, 302, 302)
    assert (twice.status_code, "方" in twice.content.decode()) == (400, True)
    asked = DataRequest.objects.get(kind="correct")
    assert asked.text == "芳"

    phone.post(DATA + "request/back/", {"request": asked.pk})
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


def test_nobody_takes_back_anothers_request(member, district):
    other = make.membership(district.firm_a, phone_is_verified=True)
    asked = requests.file(person=other.person, kind="delete", by=WORKER_SELF)
    answer = look_in(member.person).post(DATA + "request/back/", {"request": asked.pk})
    assert answer.status_code == 404
    asked.refresh_from_db()
    assert asked.state == "open"


def test_on_a_claimed_phone_nothing_is_shown_or_taken(district):
    member = make.membership(district.firm_a)
    phone = look_in(member.person)
    assert phone.get(DATA).url == "/status/mine/"
    for path, data in (
        ("copy/", {}),
        ("consent/", {"purpose": "membership", "wish": "withdraw"}),
        ("request/", {"kind": "delete"}),
    ):
        assert phone.post(DATA + path, data).url == "/status/mine/"
    assert Person.objects.get().stopped_at is None
    assert not DataRequest.objects.exists()


def test_without_a_code_one_is_led_to_the_door(member):
    answer = Client().post(DATA + "copy/", follow=True)
    assert answer.redirect_chain[-1][0] == "/status/"
