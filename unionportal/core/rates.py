"""Shares of a whole, rounded the way statistics offices round: half up."""

from __future__ import annotations

from decimal import Decimal


def share(numerator: int, denominator: int, places: int = 1) -> Decimal | None:
    """Return per cent with `places` decimals, half up (613 of 682 → 89.9); None of nothing.

    Raise ValueError when a count is below zero: that is a wrong query, not a rate.
    """
    if numerator < 0 or denominator < 0:
        raise ValueError(f"a share needs counts, not {numerator} of {denominator}")
    if denominator == 0:
        return None
    scale: int = 10**places
    # Whole-number arithmetic: a Decimal quotient is itself rounded, and 28 digits can mislead.
    scaled = (2 * numerator * 100 * scale + denominator) // (2 * denominator)
    return Decimal(scaled).scaleb(-places)
