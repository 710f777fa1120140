"""Names: domain.md §4.3 and bad-input classes 39 to 42 and 45."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core.identifiers import (
    IdentifierError,
    Note,
    compare_key,
    gbk_encodable,
    parse_name,
)


@pytest.mark.parametrize(
    ("typed", "name", "notes"),
    [
        ("张三", "张三", ()),
        ("张", "张", ()),
        ("买买提·艾力", "买买提·艾力", ()),
        ("买买提•艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提・艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提.艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提∙艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提●艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提。艾力", "买买提·艾力", (Note.MIDDLE_DOT,)),
        ("买买提 · 艾力", "买买提·艾力", (Note.SPACES,)),
        ("买买提．艾力", "买买提·艾力", (Note.FULL_WIDTH, Note.MIDDLE_DOT)),
        ("㛃", "㛃", ()),
        ("王𬭎", "王𬭎", ()),
        ("䶮", "䶮", ()),
        ("李〇", "李〇", ()),
        ("阿" * 20, "阿" * 20, ()),
        ("阿" * 50, "阿" * 50, ()),
        ("John Smith", "John Smith", ()),
        ("O'Brien-Łukasz", "O'Brien-Łukasz", ()),
        ("José Núñez", "José Núñez", ()),
        ("John  Smith Jr.", "John Smith Jr.", (Note.SPACES,)),
        ("Ｊｏｈｎ", "John", (Note.FULL_WIDTH,)),
        ("张 三", "张三", (Note.SPACES,)),
        (" 张三\u3000", "张三", (Note.SPACES,)),
        ("\ufeff张三", "张三", (Note.INVISIBLE,)),
        ("张\u200b三", "张三", (Note.INVISIBLE,)),
    ],
)
def test_name_is_kept_with_its_dot_unified(typed: str, name: str, notes: tuple[Note, ...]) -> None:
    parsed = parse_name(typed)
    assert (parsed.name, parsed.notes) == (name, notes)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("张三😀", "emoji"),
        ("👨‍👩‍👧", "emoji"),
        ("张☎", "emoji"),
        ("张\x00三", "control"),
        ("张\x1b三", "control"),
        ("张\ud800", "control"),
        ("张\u202e三", "direction_mark"),
        ("张\u2067三", "direction_mark"),
        ("z\u0301\u0301\u0301\u0301", "combining"),
        ("张\u0489三", "combining"),
        ("张三1", "characters"),
        ("张三１", "characters"),
        ("<script>alert</script>", "characters"),
        ("' OR 1=1", "characters"),
        ("${{7*7}}", "characters"),
        ("../../", "characters"),
        ("张三(离职)", "characters"),
        ("张三，李四", "characters"),
        ("Иван", "characters"),
        ("محمد", "characters"),
        ("\ue000三", "characters"),
        ("·张三", "edge"),
        ("张三·", "edge"),
        ("-", "empty"),
        ("···", "empty"),
        ("", "empty"),
        ("  ", "empty"),
        (None, "empty"),
        (12345, "number_cell"),
        ("阿" * 51, "length"),
    ],
)
def test_name_refusal_has_its_own_code(typed: object, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_name(typed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("买买提·艾力", "买买提.艾力"),
        ("买买提·艾力", "买买提艾力"),
        ("买买提·艾力", "买买提　•　艾力"),
        ("张三", "张 三"),
        ("John Smith", "JOHN SMITH"),
        ("John Smith", "ＪＯＨＮ　ＳＭＩＴＨ"),
    ],
)
def test_compare_key_is_equal_for_spellings_of_one_name(one: str, other: str) -> None:
    assert compare_key(one) == compare_key(other)


@pytest.mark.parametrize(("one", "other"), [("张三", "张山"), ("王𬭎", "王"), ("吕", "呂")])
def test_compare_key_differs_for_different_names(one: str, other: str) -> None:
    assert compare_key(one) != compare_key(other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("张三", True),
        ("买买提·艾力", True),
        ("镕", True),
        ("㛃", False),
        ("王𬭎", False),
        ("䶮", False),
    ],
)
def test_gbk_encodable_tells_what_a_bank_file_can_carry(name: str, expected: bool) -> None:
    assert gbk_encodable(name) is expected


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=50
    )
)
def test_name_of_ideographs_is_kept_as_it_is(name: str) -> None:
    assert parse_name(name).name == name


def kept(text: str) -> str:
    """Return the stored form, or the text itself when it is refused."""
    try:
        return parse_name(text).name
    except IdentifierError:
        return text


@given(st.text(alphabet="张三买力aZé·•.．。 \u3000\u200b\ufeff'-Ａ", max_size=60))
def test_name_parsed_twice_stays_the_same(text: str) -> None:
    assert kept(kept(text)) == kept(text)


@given(st.text(max_size=60))
def test_name_of_any_text_is_accepted_or_refused_cleanly(text: str) -> None:
    try:
        outcome = parse_name(text).name
    except IdentifierError as error:
        outcome = error.message
    assert outcome
