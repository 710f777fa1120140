"""System checks: production refuses unsafe settings (security.md section 2 row 23)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.utils.module_loading import import_string


@register()
def production_is_safe(**kwargs: Any) -> list[Error]:
    """Refuse demo mode, DEBUG, weak secrets, open hosts and the console gateway in production."""
    if not settings.IS_PRODUCTION:
        return []
    problems = [
        (settings.DEBUG, "E001", "DEBUG is on.", "Remove DEBUG from the environment."),
        (settings.DEMO_MODE, "E002", "Demo mode is on.", "Set DEMO=0."),
        (_weak_secret(), "E003", "SECRET_KEY is weak.", "Use 50 random characters or more."),
        ("*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS, "E004",
         "ALLOWED_HOSTS is open or empty.", "List the portal's host names."),
        (not import_string(settings.SMS_GATEWAY).is_for_production, "E005",
         "The console SMS gateway sends nothing.", "Set SMS_GATEWAY to a real gateway."),
        (_same_keys(), "E006", "Two of FIELD_KEY, INDEX_KEY and ORDER_KEY are equal.",
         "Generate three different keys of 32 random bytes."),
        (not settings.PUBLIC_URL.startswith("https://"), "E007",
         "PUBLIC_URL is not https.", "Set it to the portal's https address."),
    ]  # fmt: skip
    return [
        Error(message, hint=hint, id=f"portal.{code}")
        for bad, code, message, hint in problems
        if bad
    ]


def _weak_secret() -> bool:
    secret = settings.SECRET_KEY
    return len(secret) < 50 or len(set(secret)) < 10


def _same_keys() -> bool:
    keys = [*settings.FIELD_KEYS.values(), settings.INDEX_KEY, settings.ORDER_KEY]
    return len(set(keys)) != len(keys) or any(len(set(key)) < 8 for key in keys)
