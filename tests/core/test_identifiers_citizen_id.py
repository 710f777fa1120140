"""Citizen IDs: vectors of domain.md §4.1 and bad-input classes 1 to 13."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core.identifiers import (
    IdentifierError,
    IdKind,
    Note,
    Sex,
    parse_citizen_id,
)

TODAY = dt.date(2026, 11, 24)
VALID = "490103200002291051"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(first_17: str) -> str:
    """Return the 18 characters, by the formula as GB 11643 prints it."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True))
    return first_17 + "10X98765432"[total % 11]


def refusal(value: object, **options: object) -> IdentifierError:
    with pytest.raises(IdentifierError) as caught:
        parse_citizen_id(value, on=TODAY, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("number", "kind", "sex", "birth_date", "region"),
    [
        ("11010519491231002X", IdKind.RESIDENT, Sex.FEMALE, dt.date(1949, 12, 31), "110105"),
        ("440524188001010014", IdKind.RESIDENT, Sex.MALE, dt.date(1880, 1, 1), "440524"),
        (VALID, IdKind.RESIDENT, Sex.MALE, dt.date(2000, 2, 29), "490103"),
        ("810000199003070015", IdKind.HMT_PERMIT, Sex.MALE, dt.date(1990, 3, 7), "810000"),
        ("830000198512310020", IdKind.HMT_PERMIT, Sex.FEMALE, dt.date(1985, 12, 31), "830000"),
        ("911840199003070014", IdKind.FOREIGN_PERMIT, Sex.MALE, dt.date(1990, 3, 7), "911840"),
        (with_check("33011419900101001"), IdKind.RESIDENT, Sex.MALE, dt.date(1990, 1, 1), "330114"),
        (
            with_check("82000019900101002"),
            IdKind.HMT_PERMIT,
            Sex.FEMALE,
            dt.date(1990, 1, 1),
            "820000",
        ),
    ],
)
def test_citizen_id_vector_is_taken_apart(
    number: str, kind: IdKind, sex: Sex, birth_date: dt.date, region: str
) -> None:
    parsed = parse_citizen_id(number, on=TODAY)
    assert (parsed.number, parsed.kind, parsed.sex) == (number, kind, sex)
    assert (parsed.birth_date, parsed.region, parsed.notes) == (birth_date, region, ())


@pytest.mark.parametrize(
    ("typed", "notes"),
    [
        ("11010519491231002x", (Note.UPPER_CASE,)),
        ("11010519491231002Ｘ", (Note.FULL_WIDTH,)),
        ("11010519491231002ｘ", (Note.FULL_WIDTH, Note.UPPER_CASE)),
        ("１１０１０５１９４９１２３１００２Ｘ", (Note.FULL_WIDTH,)),
        ("'11010519491231002X", (Note.APOSTROPHE,)),
        ("‘11010519491231002X", (Note.APOSTROPHE,)),
        ("＇11010519491231002X", (Note.FULL_WIDTH, Note.APOSTROPHE)),
        (" 11010519491231002X", (Note.SPACES,)),
        ("11010519491231002X\r\n", (Note.SPACES,)),
        ("\t11010519491231002X", (Note.SPACES,)),
        ("\u00a011010519491231002X\u00a0", (Note.SPACES,)),
        ("\u300011010519491231002X", (Note.SPACES,)),
        ("\ufeff11010519491231002X", (Note.INVISIBLE,)),
        ("1101\u200b0519491231002X", (Note.INVISIBLE,)),
        ("11010519491231002X\u200d\u2060", (Note.INVISIBLE,)),
        (
            "\ufeff '11010519491231002x",
            (Note.INVISIBLE, Note.SPACES, Note.APOSTROPHE, Note.UPPER_CASE),
        ),
    ],
)
def test_citizen_id_harmless_clutter_is_removed_and_noted(
    typed: str, notes: tuple[Note, ...]
) -> None:
    parsed = parse_citizen_id(typed, on=TODAY)
    assert (parsed.number, parsed.notes) == ("11010519491231002X", notes)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("490103200002291052", "check_digit"),
        ("11010519491231002" + "0", "check_digit"),
        ("490103200002291015", "check_digit"),
        ("810000199003070016", "check_digit"),
        ("490103000229105", "old_id"),
        ("49010320000229105", "length"),
        ("4901032000022910511", "length"),
        ("4", "length"),
        ("49010320000229105X1", "letters"),
        ("4901X3200002291051", "letters"),
        ("X90103200002291051", "letters"),
        ("49010320000229105Х", "letters"),
        ("49010320000229105×", "letters"),
        ("49010320000229105Y", "letters"),
        ("490103-20000229-1051", "letters"),
        ("身份证490103200002291051", "letters"),
        ("490103 20000229 1051", "inner_space"),
        ("490103\u00a0200002291051", "inner_space"),
        ("490103\u3000200002291051", "inner_space"),
        ("٤٩٠١٠٣٢٠٠٠٠٢٢٩١٠٥١", "foreign_digits"),
        ("४९०१०३२०००० ", "foreign_digits"),
        ("49010320000229105²", "foreign_digits"),
        ("49010320000229105①", "foreign_digits"),
        ("𝟒90103200002291051", "foreign_digits"),
        (with_check("49010320230230105"), "impossible_date"),
        (with_check("49010319991301105"), "impossible_date"),
        (with_check("49010319990001105"), "impossible_date"),
        (with_check("49010319990100105"), "impossible_date"),
        (with_check("49010319000229105"), "impossible_date"),
        (with_check("49010300010101105"), "impossible_date"),
        (with_check("49010317991231105"), "impossible_date"),
        (with_check("49010320261125105"), "future_date"),
        (with_check("49010399991231105"), "future_date"),
        (with_check("49010320101125105"), "under_age"),
        (with_check("49010320261124105"), "under_age"),
        ("AUS110078010101", "older_permit"),
        ("4.90103E+17", "number_cell"),
        ("4.90103200002291E17", "number_cell"),
        ("5e+17", "number_cell"),
        ("490103200002291051.0", "number_cell"),
        (490103200002291051, "number_cell"),
        (4.90103200002291e17, "number_cell"),
        (Decimal("490103200002291051"), "number_cell"),
        (490103200002291051.0, "number_cell"),
        (True, "number_cell"),
        (dt.date(2000, 2, 29), "number_cell"),
        (float("nan"), "number_cell"),
        (None, "empty"),
        ("", "empty"),
        ("   ", "empty"),
        ("'", "empty"),
        ("\ufeff\u200b", "empty"),
        ("490103200002291\u202e051", "direction_mark"),
        ("\u2066490103200002291051\u2069", "direction_mark"),
        ("490103200002291051\x00", "control"),
        ("4901032000022910\x0851", "control"),
        ("49010320000229105\ud800", "control"),
    ],
)
def test_citizen_id_refusal_has_its_own_code(typed: object, code: str) -> None:
    assert refusal(typed).code == code


def test_citizen_id_check_digit_message_never_suggests_the_digit() -> None:
    error = refusal("49010320000229105X")
    assert error.code == "check_digit"
    assert error.params == {}
    assert not any(char.isdigit() for char in error.message)


@pytest.mark.parametrize(
    ("typed", "found"), [("4901", 4), ("4" * 17, 17), ("4" * 19, 19), ("4" * 500, 500)]
)
def test_citizen_id_wrong_length_says_the_length_found(typed: str, found: int) -> None:
    error = refusal(typed)
    assert (error.code, error.params) == ("length", {"found": found})
    with translation.override("en"):
        assert error.message == f"An ID number has 18 characters; this one has {found}."


def test_citizen_id_wrong_character_is_shown_with_its_place() -> None:
    assert refusal("49010320000229105Х").params == {"char": "Х", "place": 18}


@pytest.mark.parametrize(
    ("on", "is_accepted"),
    [(dt.date(2016, 2, 28), False), (dt.date(2016, 2, 29), True), (dt.date(2016, 3, 1), True)],
)
def test_citizen_id_age_counts_on_the_given_day(on: dt.date, is_accepted: bool) -> None:
    if is_accepted:
        assert parse_citizen_id(VALID, on=on).age(on) == 16
    else:
        with pytest.raises(IdentifierError) as caught:
            parse_citizen_id(VALID, on=on)
        assert caught.value.code == "under_age"


def test_citizen_id_minimum_age_can_be_lifted() -> None:
    number = with_check("49010320240101105")
    assert parse_citizen_id(number, on=TODAY, minimum_age=None).age(TODAY) == 2


def test_citizen_id_leap_day_birthday_counts_on_first_of_march() -> None:
    parsed = parse_citizen_id(VALID, on=TODAY)
    assert parsed.age(dt.date(2019, 2, 28)) == 18
    assert parsed.age(dt.date(2019, 3, 1)) == 19


@pytest.mark.parametrize("region", ["470103", "990103", "810001", "002211", "740000"])
def test_citizen_id_unknown_area_warns_only(region: str) -> None:
    number = with_check(f"{region}19900101001")
    expected = () if region.startswith("9") else (Note.UNKNOWN_AREA,)
    assert parse_citizen_id(number, on=TODAY).notes == expected


def test_citizen_id_repr_holds_no_personal_number() -> None:
    assert VALID not in repr(parse_citizen_id(VALID, on=TODAY))
    assert "2000" not in repr(parse_citizen_id(VALID, on=TODAY))


@given(
    born=st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2010, 11, 24)),
    sequence=st.integers(min_value=0, max_value=999),
    region=st.sampled_from(["490103", "410101", "810000", "911840", "650101"]),
)
def test_citizen_id_round_trips(born: dt.date, sequence: int, region: str) -> None:
    number = with_check(f"{region}{born:%Y%m%d}{sequence:03d}")
    parsed = parse_citizen_id(number.lower(), on=TODAY)
    assert (parsed.number, parsed.birth_date) == (number, born)
    assert parsed.sex == (Sex.MALE if sequence % 2 else Sex.FEMALE)


@given(place=st.integers(0, 17), step=st.integers(1, 9))
def test_citizen_id_any_single_wrong_digit_is_refused(place: int, step: int) -> None:
    wrong = str((int(VALID[place]) + step) % 10)
    with pytest.raises(IdentifierError):
        parse_citizen_id(VALID[:place] + wrong + VALID[place + 1 :], on=TODAY)


@given(st.text(max_size=40))
def test_citizen_id_any_text_is_accepted_or_refused_cleanly(text: str) -> None:
    try:
        outcome = parse_citizen_id(text, on=TODAY).number
    except IdentifierError as error:
        outcome = error.message
    assert outcome
