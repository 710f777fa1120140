"""The optional columns of the real-name record in a register: read, compared, written, put back.

A value travels as text, as JSON and SQL write it: a code, an ISO day, "true", a grade.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from members import record
from members.imports.staged import NULL
from members.models import Membership
from members.models.people import Person
from members.record import Kind, MemberField
from unionportal.core.identifiers import IdentifierError, Note
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.input_errors import InputError
from unionportal.core.spreadsheets import Cell

ADDRESS = "residence_text"  # encrypted: compared by the portal, not by the database
WRITTEN = (
    "id_expires_on", "ethnicity", "political_affiliation", "education", "household_type",
    "is_migrant_worker", "employment_form", "employment_status", "occupation", "skill_level",
    "residence_division", ADDRESS,
)  # fmt: skip
FIELDS = {name: record.BY_NAME[name] for name in WRITTEN}
# Said by the ID number: a file may repeat them, never change them.
DERIVED = {name: record.BY_NAME[name] for name in ("sex", "birth_date")}
COMPARED = FIELDS | DERIVED
ALL = COMPARED | {"id_type": record.BY_NAME["id_type"]}


def parse(name: str, cell: Cell) -> tuple[str, tuple[Note, ...]]:
    """Return what a cell says, "" for nothing; raise IdentifierError."""
    one = ALL[name]
    notes: tuple[Note, ...] = ()
    value: object = cell.value
    if isinstance(value, str) or one.kind != Kind.DATE:
        cleaned = clean(cell.text)
        value, notes = cleaned.text, cleaned.notes
    try:
        return said(record.read(one, value)), notes
    except IdentifierError:
        raise
    except InputError as error:
        raise IdentifierError(error.code, error.template, **error.params) from None


def said(value: Any) -> str:
    """Return a stored value as it travels."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def stored(one: MemberField, text: str) -> Any:
    """Return the stored value for what travelled."""
    if not text:
        return record.empty(one)
    if one.kind == Kind.DATE:
        return dt.date.fromisoformat(text)
    if one.kind == Kind.YES_NO:
        return text == "true"
    return int(text) if one.name == "skill_level" else text


def recorded(membership: Membership) -> dict[str, str]:
    """Return what the record says of each field, as a row would say it."""
    return {
        name: said(record.stored_value(membership, one)) for name, one in FIELDS.items()
    }  # fmt: skip


def put(membership: Membership, name: str, text: str) -> None:
    """Put a value on the (unsaved) record."""
    one = FIELDS[name]
    setattr(membership.person if one.on_person else membership, one.attribute, stored(one, text))


def _column(one: MemberField) -> str:
    """Return the column of a field, with the alias its table has in the statements."""
    model, alias = (Person, "p") if one.on_person else (Membership, "m")
    name = one.stored.removeprefix("person.")
    return f"{alias}.{model._meta.get_field(name).column}"  # type: ignore[union-attr]


RECORDED = "jsonb_build_object({})".format(
    ", ".join(f"'{name}', {_column(one)}" for name, one in FIELDS.items() if name != ADDRESS)
)
# The columns of a new person and a new membership, from the table `s` they are written from.
PERSON_COLUMNS, MEMBERSHIP_COLUMNS = (
    {
        _column(one).partition(".")[2]: f"s.{name}"
        for name, one in FIELDS.items()
        if one.on_person == on_person
    }
    for on_person in (True, False)
)
BLANK = {name: NULL if record.empty(one) is None else "" for name, one in FIELDS.items()}


def leave_known_addresses(table: str) -> None:
    """Take addresses out of the rows of `table` that say what is recorded."""
    with connection.cursor() as cursor:
        cursor.execute(f"""
            SELECT s.number, s.said->>'{ADDRESS}', p.id FROM {table} s
            JOIN members_person found ON found.id_index = s.id_index
            JOIN members_person p ON p.id = coalesce(found.merged_into_id, found.id)
            WHERE s.is_readable AND s.said ->> '{ADDRESS}' IS NOT NULL""")
        told = cursor.fetchall()
        if not told:
            return
        asked = {pk for _number, _text, pk in told}
        known = dict(Person.objects.filter(pk__in=asked).values_list("pk", ADDRESS))
        same = [number for number, text, pk in told if known[pk] == text]
        cursor.execute(
            f"UPDATE {table} SET said = said - '{ADDRESS}' WHERE number = ANY(%s)", [same]
        )
