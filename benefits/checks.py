"""System checks of the benefits app's settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

from benefits import profiles


@register()
def bank_file_profile_is_known(**kwargs: Any) -> list[Error]:
    """Refuse a bank whose formats this portal does not have."""
    names = [one.name for one in profiles.known()]
    if settings.BANK_FILE_PROFILE in names:
        return []
    hint = f"Set it to one of: {', '.join(names)}."
    return [Error("BANK_FILE_PROFILE names no profile.", hint=hint, id="benefits.E001")]
