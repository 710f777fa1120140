"""File formats of banks. One bank's is in use; files of another, sent before, stay readable."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from benefits.profiles.comma import COMMA
from benefits.profiles.reference import REFERENCE
from benefits.profiles.rows import BankFileProfile, UnrenderableError
from benefits.states.cards import FileKind

__all__ = ["BankFileProfile", "UnrenderableError", "current", "known", "named", "recognise"]

_profiles: dict[str, BankFileProfile] = {one.name: one for one in (REFERENCE, COMMA)}


def current() -> BankFileProfile:
    """Return the profile of the bank the district works with."""
    return named(settings.BANK_FILE_PROFILE)


def named(name: str) -> BankFileProfile:
    """Return the profile called so; a file keeps the one it was made or recognised with."""
    return _profiles[name]


def known() -> Iterable[BankFileProfile]:
    """Return every profile of this portal."""
    return _profiles.values()


def recognise(content: bytes) -> tuple[BankFileProfile, FileKind]:
    """Return whose file this is and what it is: the bank's of now, and unknown, when nobody's."""
    for profile in _profiles.values():
        kind = profile.identify(content)
        if kind != FileKind.UNKNOWN:
            return profile, kind
    return current(), FileKind.UNKNOWN
