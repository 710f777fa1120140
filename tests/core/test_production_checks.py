"""Production refuses unsafe settings, each with one line that says what to do."""

from __future__ import annotations

import pytest
from django.core.checks import Error

from unionportal.core.checks import production_is_safe

SAFE = {
    "IS_PRODUCTION": True,
    "DEBUG": False,
    "DEMO_MODE": False,
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefgh",
    "ALLOWED_HOSTS": ["portal.example.org"],
    "SMS_GATEWAY": "tests.factories.gateways.SendingGateway",
    "FIELD_KEYS": {1: bytes(range(32))},
    "INDEX_KEY": bytes(range(32, 64)),
    "ORDER_KEY": bytes(range(64, 96)),
    "PUBLIC_URL": "https://portal.example.org",
}


@pytest.fixture
def production(settings):
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


def found() -> list[str]:
    problems = production_is_safe()
    assert all(isinstance(problem, Error) and problem.hint for problem in problems)
    return [str(problem.id) for problem in problems]


def test_safe_settings_are_accepted(production):
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("DEBUG", True, "portal.E001"),
        ("DEMO_MODE", True, "portal.E002"),
        ("SECRET_KEY", "short", "portal.E003"),
        ("SECRET_KEY", "a" * 60, "portal.E003"),
        ("ALLOWED_HOSTS", ["*"], "portal.E004"),
        ("ALLOWED_HOSTS", [], "portal.E004"),
        ("SMS_GATEWAY", "unionportal.core.messaging.gateways.ConsoleGateway", "portal.E005"),
        ("SMS_GATEWAY", "unionportal.core.messaging.gateways.Gateway", "portal.E005"),
        ("INDEX_KEY", bytes(range(32)), "portal.E006"),
        ("ORDER_KEY", bytes(32), "portal.E006"),
        ("PUBLIC_URL", "http://portal.example.org", "portal.E007"),
    ],
)
def test_unsafe_setting_is_refused(production, name, value, check):
    setattr(production, name, value)
    assert found() == [check]


def test_development_is_not_held_to_it(production):
    production.IS_PRODUCTION = False
    production.DEBUG = True
    assert found() == []
