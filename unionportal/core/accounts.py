"""How staff sign in: no sign-up, password and a second factor (allauth)."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from unionportal.core import crypto


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by a system administrator, never by sign-up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name and password do not fit together."),
        "incorrect_password": _("The password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


class StaffMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second-factor secrets are encrypted in the database."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code does not fit. Wait for the next one and type it again."),
    }

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text, "mfa").hex()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(bytes.fromhex(encrypted_text), "mfa")


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address; only as many forwarders as we run are believed."""
    hops = settings.TRUSTED_PROXIES
    remote = str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if not hops:
        return remote
    chain: list[Any] = [
        part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")
    ]
    return str(chain[-hops]) if len(chain) >= hops and chain[-hops] else remote
