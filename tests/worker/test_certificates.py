"""Confirming a wish to join by link, verifying a certificate, the four doors."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from members.actions import applications
from members.models import Application, MemberCertificate
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.models import OutboxMessage


@pytest.fixture
def phone() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def asked(district) -> Application:
    """An application typed by an officer; the person was asked by text message."""
    candidate = make.candidate(district.firm_a, confirmation="none", source="form")
    return applications.submit(by=SYSTEM, candidate=candidate, ask_by_sms=True)


def link_of() -> str:
    return re.search(r"/confirm/[\w-]+/", OutboxMessage.objects.get().body)[0]


def test_opening_the_link_writes_nothing_and_yes_confirms(phone, asked):
    link = link_of()
    assert phone.get(link).status_code == 200
    asked.refresh_from_db()
    assert asked.confirmation == "none"
    page = phone.post(link)
    asked.refresh_from_db()
    assert (page.status_code, asked.confirmation) == (200, "sms_link")
    assert str(asked.pk) in page.content.decode()


def test_link_shows_a_masked_name(phone, asked):
    page = phone.get(link_of()).content.decode()
    assert asked.name not in page


def test_broken_link_says_what_to_do(phone, db):
    page = phone.get("/confirm/nothing-such/")
    assert page.status_code == 404
    assert "Open the newest message" in page.content.decode()
    assert phone.post("/confirm/nothing-such/").status_code == 400


def test_certificate_in_force_shows_a_masked_name_only(phone, district):
    membership = make.membership(district.firm_a, name="欧阳小丹")
    token = MemberCertificate.objects.get(membership=membership).token
    page = phone.get(f"/verify/{token}/")
    text = page.content.decode()
    assert (page.status_code, 'data-certificate="valid"' in text) == (200, True)
    assert "欧阳小丹" not in text
    assert "欧**丹" in re.sub(r"<[^>]+>", "", text)


def test_unknown_certificate_is_not_to_be_relied_on(phone, db):
    page = phone.get("/verify/unknown/")
    assert page.status_code == 404
    assert "Do not rely on it" in page.content.decode()


@pytest.mark.parametrize("path", ["/", "/help/", "/ways-to-join/"])
def test_open_pages_answer_without_log_in(phone, db, path):
    assert phone.get(path).status_code == 200
    assert phone.post(path).status_code == 405
