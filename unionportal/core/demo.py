"""Demo mode: needs the setting and the database marker, never one of them alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.utils.translation import gettext

from unionportal.core.models import Installation
from unionportal.settings.env import PORTAL_DATA

ACCOUNTS_FILE = Path(PORTAL_DATA) / "demo-accounts.json"


def is_demo() -> bool:
    """Say whether this installation is a demo, by settings and by its database."""
    return settings.DEMO_MODE and Installation.objects.filter(pk=1, is_demo=True).exists()


def accounts() -> list[dict[str, Any]]:
    """Return the demo accounts that the seed wrote (file mode 0600), or nothing."""
    if not ACCOUNTS_FILE.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(ACCOUNTS_FILE.read_text(encoding="utf-8"))
    return found


def second_factors() -> list[dict[str, str]]:
    """Return each demo officer's present six-digit code, as an authenticator app would show it."""
    counter = int(time.time()) // app_settings.TOTP_PERIOD
    return [
        {
            "username": account["username"],
            "role_name": gettext(account["role_name"]),
            "code": format_hotp_value(hotp_value(account["totp_secret"], counter)),
        }
        for account in accounts()
    ]
