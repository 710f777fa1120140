"""Sealed values, blind indexes and order numbers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from unionportal.core import crypto
from unionportal.core.crypto import DecryptionError
from unionportal.core.ids import new_id

CONTEXT = "members.person.id_number"
ORDER_VECTOR = "KPAICU74WQP7VFZTMQC4AYRFIFGGHT6M"


@given(st.text(max_size=200))
def test_encrypt_round_trips(text: str) -> None:
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return
    assert crypto.decrypt(crypto.encrypt(text, CONTEXT), CONTEXT) == text


def test_encrypt_has_algorithm_key_id_and_fresh_nonce() -> None:
    one, other = crypto.encrypt("张三", CONTEXT), crypto.encrypt("张三", CONTEXT)
    assert (one[0], crypto.key_id(one)) == (1, 1)
    assert one != other
    assert "张三".encode() not in one


def test_decrypt_in_another_column_is_refused() -> None:
    blob = crypto.encrypt("13800001234", CONTEXT)
    with pytest.raises(DecryptionError, match="members.person.phone"):
        crypto.decrypt(blob, "members.person.phone")


@pytest.mark.parametrize("place", [0, 1, 2, 3, 14, 15, 20, -1])
def test_decrypt_with_any_changed_byte_is_refused(place: int) -> None:
    blob = bytearray(crypto.encrypt("13800001234", CONTEXT))
    blob[place] ^= 1
    with pytest.raises(DecryptionError):
        crypto.decrypt(bytes(blob), CONTEXT)


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" * 30, b"13800001234"])
def test_decrypt_of_something_else_is_refused(blob: bytes) -> None:
    with pytest.raises(DecryptionError, match=CONTEXT):
        crypto.decrypt(blob, CONTEXT)


def test_decrypt_with_another_key_says_which(settings: Settings) -> None:
    blob = crypto.encrypt("张三", CONTEXT)
    settings.FIELD_KEYS = {1: b"x" * 32}
    with pytest.raises(DecryptionError, match="does not open with key 1"):
        crypto.decrypt(blob, CONTEXT)


def test_decrypt_with_a_missing_key_says_which(settings: Settings) -> None:
    blob = crypto.encrypt("张三", CONTEXT)
    settings.FIELD_KEYS = {2: b"x" * 32}
    with pytest.raises(DecryptionError, match="key 1 is not in FIELD_KEYS"):
        crypto.decrypt(blob, CONTEXT)


def test_decrypt_after_rotation_reads_old_and_new(settings: Settings) -> None:
    old = crypto.encrypt("old", CONTEXT)
    settings.FIELD_KEYS = {**settings.FIELD_KEYS, 300: b"n" * 32}
    settings.FIELD_KEY_ID = 300
    new = crypto.encrypt("new", CONTEXT)
    assert (crypto.key_id(old), crypto.key_id(new)) == (1, 300)
    assert [crypto.decrypt(old, CONTEXT), crypto.decrypt(new, CONTEXT)] == ["old", "new"]


def test_blind_index_is_stable_and_kept_apart_by_purpose() -> None:
    first = crypto.blind_index("490103200002291051", "person.id_number")
    assert first == crypto.blind_index("490103200002291051", "person.id_number")
    assert first != crypto.blind_index("490103200002291051", "person.phone")
    assert first != crypto.blind_index("490103200002291052", "person.id_number")


def test_blind_index_changes_with_its_key(settings: Settings) -> None:
    before = crypto.blind_index("1", "p")
    settings.INDEX_KEY = b"z" * 32
    assert crypto.blind_index("1", "p") != before


def test_order_hmac_is_32_capitals_and_digits() -> None:
    number = crypto.order_hmac("green-travel", 2026, "person", 1)
    assert re.fullmatch(r"[A-Z2-7]{32}", number)
    assert number == crypto.order_hmac("green-travel", 2026, "person", 1)


def test_order_hmac_vector_never_changes(settings: Settings) -> None:
    """A changed number would pay everybody again: this value is fixed for ever."""
    settings.ORDER_KEY = b"o" * 32
    assert crypto.order_hmac("programme", "2026", "key", "1") == ORDER_VECTOR


def test_order_hmac_keeps_parts_apart() -> None:
    assert crypto.order_hmac("ab", "c") != crypto.order_hmac("a", "bc")
    assert crypto.order_hmac("a") != crypto.order_hmac("a", "")
    with pytest.raises(ValueError, match="needs parts"):
        crypto.order_hmac()


def test_person_order_key_does_not_depend_on_the_index_key(settings: Settings) -> None:
    before = crypto.person_order_key("RESIDENT", "490103200002291051")
    settings.INDEX_KEY = b"z" * 32
    settings.FIELD_KEYS = {1: b"q" * 32}
    assert crypto.person_order_key("RESIDENT", "490103200002291051") == before
    settings.ORDER_KEY = b"z" * 32
    assert crypto.person_order_key("RESIDENT", "490103200002291051") != before


def test_new_id_is_a_version_7_uuid_and_grows() -> None:
    made = [new_id() for _ in range(1000)]
    assert {value.version for value in made} == {7}
    assert len(set(made)) == 1000
    assert made == sorted(made)
