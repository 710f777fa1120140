"""EncryptedTextField and FenField against the real database."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from pytest_django import Settings

from unionportal.core.crypto import DecryptionError
from unionportal.core.fields import EncryptedTextField, FenField


class Sealed(models.Model):
    text = EncryptedTextField()
    optional = EncryptedTextField(null=True, blank=True, max_length=5)
    fen = FenField(default=0)
    balance = FenField(signed=True, default=0)

    class Meta:
        app_label = "core_field_tests"
        db_table = "core_field_tests_sealed"


@pytest.fixture
def table(db: None) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Sealed)


def stored(pk: int) -> tuple[bytes, bytes | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, optional FROM core_field_tests_sealed WHERE id = %s", [pk])
        text, optional = cursor.fetchone()
    return bytes(text), None if optional is None else bytes(optional)


@pytest.mark.parametrize("text", ["张三", "", "490103200002291051", "王𬭎" * 500])
def test_encrypted_field_reads_back_what_was_saved(table: None, text: str) -> None:
    row = Sealed.objects.create(text=text)
    assert Sealed.objects.get(pk=row.pk).text == text
    assert Sealed.objects.values_list("text", flat=True).get() == text


def test_encrypted_field_holds_no_plain_text_in_the_database(table: None) -> None:
    row = Sealed.objects.create(text="13800001234", optional="张三")
    text, optional = stored(row.pk)
    assert b"13800001234" not in text
    assert optional is not None
    assert "张三".encode() not in optional


def test_encrypted_field_keeps_none_as_null(table: None) -> None:
    row = Sealed.objects.create(text="", optional=None)
    assert stored(row.pk)[1] is None
    assert Sealed.objects.filter(optional__isnull=True).count() == 1
    assert Sealed.objects.filter(text__isnull=False).count() == 1


def test_encrypted_field_works_in_bulk(table: None) -> None:
    rows = Sealed.objects.bulk_create([Sealed(text=f"t{i}", optional=None) for i in range(50)])
    for row in rows:
        row.optional = "x"
    Sealed.objects.bulk_update(rows, ["optional"])
    Sealed.objects.filter(text__isnull=False).update(text="y")
    assert set(Sealed.objects.values_list("text", "optional")) == {("y", "x")}


@pytest.mark.parametrize(
    "lookup", ["text", "text__exact", "text__icontains", "text__in", "text__startswith", "text__gt"]
)
def test_encrypted_field_refuses_lookups(table: None, lookup: str) -> None:
    with pytest.raises(FieldError, match="core_field_tests.sealed.text is encrypted"):
        Sealed.objects.filter(**{lookup: "a"}).exists()


def test_encrypted_field_with_the_wrong_key_says_so(table: None, settings: Settings) -> None:
    Sealed.objects.create(text="张三")
    settings.FIELD_KEYS = {1: b"w" * 32}
    with pytest.raises(DecryptionError, match="core_field_tests.sealed.text"):
        Sealed.objects.get()


def test_encrypted_field_value_copied_to_another_column_does_not_open(table: None) -> None:
    Sealed.objects.create(text="张三")
    Sealed.objects.update(optional=models.F("text"))
    with pytest.raises(DecryptionError, match="core_field_tests.sealed.optional"):
        Sealed.objects.get()


def test_encrypted_field_takes_text_only(table: None) -> None:
    with pytest.raises(TypeError, match="takes text, not int"):
        Sealed.objects.create(text=13800001234)


@pytest.mark.parametrize("option", [{"unique": True}, {"db_index": True}, {"primary_key": True}])
def test_encrypted_field_refuses_to_be_indexed(option: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match="blind index"):
        EncryptedTextField(**option)


def test_encrypted_field_validates_length_of_the_text() -> None:
    with pytest.raises(ValidationError):
        Sealed(text="a", optional="123456").full_clean(exclude=["id"])


@pytest.mark.parametrize("name", ["text", "optional", "fen", "balance"])
def test_field_survives_a_migration_file(name: str) -> None:
    field = Sealed._meta.get_field(name)
    _name, path, args, kwargs = field.deconstruct()
    assert path == f"unionportal.core.fields.{type(field).__name__}"
    assert type(field)(*args, **kwargs).deconstruct()[1:] == (path, args, kwargs)
    assert type(field).__name__ in MigrationWriter.serialize(field)[0]


def test_encrypted_field_is_bytea(db: None) -> None:
    assert Sealed._meta.get_field("text").db_type(connection) == "bytea"


def test_fen_field_refuses_amounts_below_zero_unless_signed() -> None:
    with pytest.raises(ValidationError) as caught:
        Sealed(text="a", fen=-1, balance=-1).full_clean(exclude=["id"])
    assert set(caught.value.message_dict) == {"fen"}


@pytest.mark.parametrize("value", [50.0, True, 0.1])
def test_fen_field_refuses_floats(table: None, value: object) -> None:
    with pytest.raises(TypeError, match="takes whole fen"):
        Sealed.objects.create(text="a", fen=value)
