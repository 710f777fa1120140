"""Log-in and second-factor pages come in the portal's frame, whole, in both languages."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse

from unionportal.core.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough sentence"


@pytest.fixture
def officer():
    return User.objects.create_user("officer", PASSWORD, display_name="Officer")


def code_of(secret):
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter):06d}"


def log_in(client):
    client.post(reverse("account_login"), {"login": "officer", "password": PASSWORD})


def confirm(client):
    """Give the password again: allauth asks before anything about the second factor changes."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def page(client, url):
    response = client.get(url, headers={"accept-language": "en"})
    assert response.status_code == 200, (url, response.status_code)
    text = response.content.decode()
    assert 'class="up-mark"' in text
    assert "style=" not in text
    return text


def test_login_page_has_labelled_fields_without_placeholders(client):
    text = page(client, reverse("account_login"))
    assert 'class="up-field"' in text
    assert "placeholder" not in text


def test_wrong_password_keeps_the_name_and_says_what_is_wrong(client, officer):
    data = {"login": "officer", "password": "wrong"}
    text = client.post(reverse("account_login"), data).content.decode()
    assert "data-union-errors" in text
    assert 'value="officer"' in text


def test_second_factor_is_asked_and_its_errors_are_shown(client, officer):
    TOTP.activate(officer, generate_totp_secret())
    log_in(client)
    url = reverse("mfa_authenticate")
    assert 'autocomplete="one-time-code"' in page(client, url)
    assert "data-union-errors" in client.post(url, {"code": "000000"}).content.decode()


def test_account_pages_of_a_logged_in_officer_are_ours(client, officer):
    secret = generate_totp_secret()
    TOTP.activate(officer, secret)
    log_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    confirm(client)
    names = (
        "account_change_password",
        "account_logout",
        "account_reauthenticate",
        "mfa_index",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "usersessions_list",
    )
    for name in names:
        assert 'class="plain"' in page(client, reverse(name)), name


def test_new_officer_is_given_a_secret_and_a_code_to_scan(client, officer):
    log_in(client)
    confirm(client)
    text = page(client, reverse("mfa_activate_totp"))
    assert 'src="data:image/svg+xml' in text
    assert 'name="code"' in text
