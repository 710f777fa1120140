"""Money is whole fen; yuan exist only on screens and in files."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from unionportal.core.input_errors import InputError

FEN_PER_YUAN = 100
LARGEST_FEN = 10**15  # ten trillion yuan, far inside a PostgreSQL bigint
YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,2}))?", re.ASCII)
TOO_FINE = re.compile(r"-?[0-9]+\.[0-9]{3,}", re.ASCII)


class MoneyError(InputError):
    """A refused amount."""


def yuan_text(fen: int) -> str:
    """Return yuan with two decimals and no separators: 5000 → "50.00"."""
    if isinstance(fen, bool) or not isinstance(fen, int):
        raise TypeError(f"fen must be a whole number, not {type(fen).__name__}")
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


def parse_yuan(text: str, *, allow_negative: bool = False) -> int:
    """Return the fen of a written amount ("50", "50.0", "50.00"); never rounds, never guesses.

    Raise MoneyError: empty, too_fine, negative, form, range.
    """
    if not isinstance(text, str) or not text:
        raise MoneyError("empty", _("Fill in an amount in yuan, such as 50.00."))
    match = YUAN.fullmatch(text)
    if match is None:
        raise _explain(text)
    sign, yuan, fraction = match.groups()
    fen = int(yuan) * FEN_PER_YUAN + int((fraction or "").ljust(2, "0"))
    if sign and not allow_negative:
        raise MoneyError("negative", _("The amount cannot be below zero."))
    if fen > LARGEST_FEN:
        raise MoneyError("range", _("The amount is too large."))
    return -fen if sign else fen


def _explain(text: str) -> MoneyError:
    if TOO_FINE.fullmatch(text):
        return MoneyError("too_fine", _("Use at most two decimals; one fen is the smallest unit."))
    return MoneyError(
        "form", _("Write the amount with digits and a point only, such as 50 or 50.00.")
    )
