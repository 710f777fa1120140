"""Phones, cards, plates and credit codes: vectors of domain.md §4, bad-input 14 to 16 and 21."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core.identifiers import (
    IdentifierError,
    Note,
    parse_bank_card,
    parse_credit_code,
    parse_phone,
    parse_plate,
)
from unionportal.core.identifiers.plate import PlateKind


@pytest.mark.parametrize(
    ("typed", "notes"),
    [
        ("13800001234", ()),
        (13800001234, (Note.NUMBER_CELL,)),
        (13800001234.0, (Note.NUMBER_CELL,)),
        ("13800001234.0", (Note.NUMBER_CELL,)),
        ("+8613800001234", (Note.COUNTRY_CODE,)),
        ("008613800001234", (Note.COUNTRY_CODE,)),
        ("8613800001234", (Note.COUNTRY_CODE,)),
        ("86-138-0000-1234", (Note.SEPARATORS, Note.COUNTRY_CODE)),
        ("+86 138 0000 1234", (Note.SEPARATORS, Note.COUNTRY_CODE)),
        ("(+86)138-0000-1234", (Note.SEPARATORS, Note.COUNTRY_CODE)),
        ("138-0000-1234", (Note.SEPARATORS,)),
        ("138 0000 1234", (Note.SEPARATORS,)),
        ("138–0000–1234", (Note.SEPARATORS,)),
        ("１３８００００１２３４", (Note.FULL_WIDTH,)),
        ("\ufeff13800001234", (Note.INVISIBLE,)),
        (" 13800001234\u00a0", (Note.SPACES,)),
        ("'13800001234", (Note.APOSTROPHE,)),
    ],
)
def test_phone_is_normalised_and_noted(typed: object, notes: tuple[Note, ...]) -> None:
    parsed = parse_phone(typed)
    assert (parsed.number, parsed.notes) == ("13800001234", notes)


@pytest.mark.parametrize("number", ["13000000000", "14700000000", "16600000000", "19900000000"])
def test_phone_prefix_13_to_19_is_accepted(number: str) -> None:
    assert parse_phone(number).number == number


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("0371-12345678", "landline"),
        ("037112345678", "landline"),
        ("010-12345678", "landline"),
        ("67891234", "landline"),
        ("400-123-4567", "landline"),
        ("1380000123", "length"),
        ("138000012345", "length"),
        ("138", "length"),
        ("1064912345678", "length"),
        ("12800001234", "prefix"),
        ("10000001234", "prefix"),
        ("23800001234", "prefix"),
        ("1380000123x", "letters"),
        ("电话13800001234", "letters"),
        ("13800001234/13900001234", "letters"),
        ("1.38E+10", "letters"),
        ("١٣٨٠٠٠٠١٢٣٤", "foreign_digits"),
        (1.5, "number_cell"),
        (1.38e18, "number_cell"),
        (float("nan"), "number_cell"),
        (float("inf"), "number_cell"),
        (-13800001234, "number_cell"),
        (True, "number_cell"),
        (10**400, "number_cell"),
        (1380000123, "length"),
        (None, "empty"),
        ("", "empty"),
        ("\u202d13800001234\u202c", "direction_mark"),
        ("138\x0000001234", "control"),
    ],
)
def test_phone_refusal_has_its_own_code(typed: object, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_phone(typed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1380000123", "One digit is missing; 11 are needed."),
        ("138000012", "2 digits are missing; 11 are needed."),
        ("138000012345", "There is one digit too many; 11 are needed."),
        ("1380000123456", "There are 2 digits too many; 11 are needed."),
    ],
)
def test_phone_wrong_length_counts_the_digits(typed: str, sentence: str) -> None:
    with translation.override("en"), pytest.raises(IdentifierError, match=f"^{sentence}$"):
        parse_phone(typed)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_phone_round_trips_from_a_numeric_cell(number: str) -> None:
    assert parse_phone(float(number)).number == number


@pytest.mark.parametrize(
    ("typed", "number", "notes"),
    [
        ("6217000000000006", "6217000000000006", ()),
        ("6230520000000000008", "6230520000000000008", ()),
        ("6217 0000 0000 0006", "6217000000000006", (Note.SPACES,)),
        ("6217-0000-0000-0006", "6217000000000006", (Note.SPACES,)),
        (" 6217 0000 0000 0006", "6217000000000006", (Note.SPACES,)),
        ("６２１７００００００００００００６"[:15] + "6", "6217000000000006"[:15] + "6", None),
        ("6217000000000007", "6217000000000007", (Note.LUHN,)),
        ("9558800000000000000", "9558800000000000000", None),
        ("'6217000000000006", "6217000000000006", (Note.APOSTROPHE,)),
    ],
)
def test_bank_card_is_accepted(typed: str, number: str, notes: tuple[Note, ...] | None) -> None:
    parsed = parse_bank_card(typed)
    assert parsed.number == number
    assert notes is None or parsed.notes == notes


def test_bank_card_luhn_failure_is_a_warning() -> None:
    assert parse_bank_card("6217000000000007").passes_luhn is False
    assert parse_bank_card("6217000000000006").passes_luhn is True


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("621700000000000", "length"),
        ("62170000000000000000", "length"),
        ("62170000000000O6", "letters"),
        ("6217万", "letters"),
        ("6.217E+15", "number_cell"),
        (6217000000000006, "number_cell"),
        (6.217e15, "number_cell"),
        ("6217000000000006.0", "number_cell"),
        ("٦٢١٧٠٠٠٠٠٠٠٠٠٠٠٦", "foreign_digits"),
        ("", "empty"),
        (None, "empty"),
    ],
)
def test_bank_card_refusal_has_its_own_code(typed: object, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_bank_card(typed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("typed", "number", "kind"),
    [
        ("豫A12345", "豫A12345", PlateKind.ORDINARY),
        ("豫AD12345", "豫AD12345", PlateKind.NEW_ENERGY_SMALL),
        ("豫A12345D", "豫A12345D", PlateKind.NEW_ENERGY_LARGE),
        ("豫A1234挂", "豫A1234挂", PlateKind.TRAILER),
        ("豫A·12345", "豫A12345", PlateKind.ORDINARY),
        ("豫A•12345", "豫A12345", PlateKind.ORDINARY),
        ("豫A-12345", "豫A12345", PlateKind.ORDINARY),
        ("豫 A 12345", "豫A12345", PlateKind.ORDINARY),
        ("豫a1b2c3", "豫A1B2C3", PlateKind.ORDINARY),
        ("豫Ａ１２３４５", "豫A12345", PlateKind.ORDINARY),
        ("京A1234警", "京A1234警", PlateKind.ORDINARY),
        ("粤Z1234港", "粤Z1234港", PlateKind.ORDINARY),
        ("豫A1234学", "豫A1234学", PlateKind.ORDINARY),
        ("豫AFA1234", "豫AFA1234", PlateKind.NEW_ENERGY_SMALL),
    ],
)
def test_plate_is_normalised(typed: str, number: str, kind: PlateKind) -> None:
    parsed = parse_plate(typed)
    assert (parsed.number, parsed.kind) == (number, kind)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("豫A1234", "length"),
        ("豫A1234567", "length"),
        ("A123456", "province"),
        ("豪A12345", "province"),
        ("豫I12345", "letters"),
        ("豫A1O345", "letters"),
        ("豫112345", "form"),
        ("豫A1234X5", "form"),
        ("豫AL12345", "form"),
        ("豫A1234²", "foreign_digits"),
        ("", "empty"),
        (None, "empty"),
        ("豫A\u202e12345", "direction_mark"),
    ],
)
def test_plate_refusal_has_its_own_code(typed: object, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_plate(typed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("typed", "kind", "is_union"),
    [
        ("91350100M000100Y43", "91", False),
        ("81410103MC12345660", "81", True),
        ("91410103MA12345694", "91", False),
        ("91350100m000100y43", "91", False),
        (" 91350100M000100Y43", "91", False),
        ("９１350100M000100Y43", "91", False),
    ],
)
def test_credit_code_is_taken_apart(typed: str, kind: str, is_union: bool) -> None:
    parsed = parse_credit_code(typed)
    assert (parsed.kind, parsed.is_union, len(parsed.code)) == (kind, is_union, 18)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("91350100M000100Y44", "check_digit"),
        ("91350100M000100Y4", "length"),
        ("91350100M000100Y433", "length"),
        ("91350100I000100Y43", "letters"),
        ("9135010OM000100Y43", "letters"),
        ("91350100M000100YS3", "letters"),
        ("9135О100M000100Y43", "letters"),
        ("91350100 M000100Y43", "inner_space"),
        ("９１٣٥٠١٠٠M000100Y43", "foreign_digits"),
        (913501000001000143, "number_cell"),
        ("", "empty"),
        (None, "empty"),
    ],
)
def test_credit_code_refusal_has_its_own_code(typed: object, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_credit_code(typed)
    assert caught.value.code == code


@given(
    st.text(max_size=30),
    st.sampled_from([parse_phone, parse_plate, parse_bank_card, parse_credit_code]),
)
def test_number_of_any_text_is_accepted_or_refused_cleanly(text: str, parse: object) -> None:
    try:
        outcome = str(parse(text))  # type: ignore[operator]
    except IdentifierError as error:
        outcome = error.message
    assert outcome
