"""File formats of banks. One profile is in use: the reference one."""

from benefits.profiles.reference import REFERENCE, UnrenderableError
from benefits.profiles.rows import BankFileProfile

__all__ = ["BankFileProfile", "UnrenderableError", "current"]


def current() -> BankFileProfile:
    """Return the profile of the bank the district works with."""
    return REFERENCE
