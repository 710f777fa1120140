"""domain.md §5, "Masking habits"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core import masking


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳丹丹", "欧**丹"),
        ("欧阳小丹丹", "欧***丹"),
        ("买买提·艾力", "买**·艾*"),
        ("张", "*"),
        ("", ""),
        ("John Smith", "J*** S****"),
        ("王𬭎", "王*"),
    ],
)
def test_mask_name_keeps_only_the_agreed_characters(name: str, masked: str) -> None:
    assert masking.mask_name(name) == masked


@pytest.mark.parametrize(
    ("function", "value", "masked"),
    [
        (masking.mask_id, "490103200002291051", "4901**********1051"),
        (masking.mask_id, "11010519491231002X", "1101**********002X"),
        (masking.mask_id, "E12345678", "E*******8"),
        (masking.mask_id, "E1", "**"),
        (masking.mask_id, "", ""),
        (masking.mask_id_public, "490103200002291057", "4***…7"),
        (masking.mask_id_public, "12", "**"),
        (masking.mask_phone, "13800001234", "138****1234"),
        (masking.mask_phone, "12345", "*****"),
        (masking.mask_card, "6217000000000006", "0006"),
        (masking.mask_card, "6230520000000000008", "0008"),
        (masking.mask_card, "1234", "****"),
        (masking.mask_plate, "豫A12345", "豫A**345"),
        (masking.mask_plate, "豫AD12345", "豫A***345"),
        (masking.mask_plate, "豫A1", "***"),
    ],
)
def test_mask_number_follows_the_habit(function: object, value: str, masked: str) -> None:
    assert function(value) == masked  # type: ignore[operator]


@given(st.text(alphabet="0123456789", min_size=15, max_size=30))
def test_mask_id_hides_all_but_eight_and_keeps_the_length(number: str) -> None:
    masked = masking.mask_id(number)
    assert len(masked) == len(number)
    assert masked.count("*") == len(number) - 8
