"""Fen and yuan: bad-input class 59."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core.money import LARGEST_FEN, MoneyError, parse_yuan, yuan_text


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("50", 5000),
        ("50.0", 5000),
        ("50.00", 5000),
        ("0", 0),
        ("0.01", 1),
        ("0.1", 10),
        ("9999999.99", 999999999),
    ],
)
def test_parse_yuan_reads_plain_amounts(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-50", "negative"),
        ("50.001", "too_fine"),
        ("５０", "form"),
        ("1e2", "form"),
        (" 50 ", "form"),
        ("50 ", "form"),
        ("50\n", "form"),
        ("NaN", "form"),
        ("Infinity", "form"),
        ("1,000", "form"),
        ("+50", "form"),
        (".5", "form"),
        ("50.", "form"),
        ("050", "form"),
        ("٥٠", "form"),
        ("¥50", "form"),
        ("五十", "form"),
        ("0x10", "form"),
        ("1_000", "form"),
        ("--5", "form"),
        ("", "empty"),
        ("9" * 15, "range"),
        ("9" * 5000, "form"),
    ],
)
def test_parse_yuan_refuses_anything_else(text: str, code: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_yuan(text)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [50, 50.0, None, True, b"50"])
def test_parse_yuan_takes_text_only(value: object) -> None:
    with pytest.raises(MoneyError):
        parse_yuan(value)  # type: ignore[arg-type]


def test_parse_yuan_reads_negative_amounts_when_allowed() -> None:
    assert parse_yuan("-50.05", allow_negative=True) == -5005


@pytest.mark.parametrize(
    ("fen", "text"), [(5000, "50.00"), (1, "0.01"), (-1, "-0.01"), (0, "0.00"), (-5005, "-50.05")]
)
def test_yuan_text_has_two_decimals(fen: int, text: str) -> None:
    assert yuan_text(fen) == text


@pytest.mark.parametrize("value", [50.0, True, "50", None])
def test_yuan_text_takes_whole_fen_only(value: object) -> None:
    with pytest.raises(TypeError):
        yuan_text(value)  # type: ignore[arg-type]


@given(st.integers(min_value=-LARGEST_FEN, max_value=LARGEST_FEN))
def test_money_round_trips(fen: int) -> None:
    assert parse_yuan(yuan_text(fen), allow_negative=True) == fen
