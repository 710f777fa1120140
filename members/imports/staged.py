"""The tables rows stand in on their way in: temporary, of one session, gone with the job.

Names and keys lie in them in the clear. No other session sees them, no log or backup holds them,
and a worker that dies takes them along; what outlasts the job is sealed (`ImportRow`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from django.db import connection, transaction

from unionportal.core.copying import copying

NULL = "\\N"
# What a row is judged by; `line` is the sealed line of WRITTEN for a row that turns out new.
JUDGED = {
    "number": "integer PRIMARY KEY",
    "problems": "jsonb",
    "is_readable": "boolean",
    "typed": "bytea",
    "cleaned": "bytea",
    "line": "bytea",
    "name_masked": "text",
    "id_masked": "text",
    "id_index": "uuid",
    "name": "text",
    "name_key": "bigint",  # digest of the name's comparable form
    "phone_index": "uuid",
    "phone_masked": "text",
    "group_code": "text",
    "vehicle_plate": "text",
    "platform_name": "text",
    "unit_id": "uuid",
    "employer_id": "uuid",
    "joined_on": "date",
    "member_no": "text",
    "membership_id": "uuid",
    "state": "text",
    "said": "jsonb",  # the optional columns, as members.imports.optional has them
    "past": "varchar",  # the verdict on a row that is an ended membership of ours, else NULL
}
# What a person and a membership are written from; `_sealed` for the column it is copied to.
WRITTEN = {
    "number": "integer PRIMARY KEY",
    "person_id": "uuid",
    "membership_id": "uuid",
    "token": "text",
    "name": "text",
    "name_pinyin": "text",
    "name_initials": "text",
    "name_grams": "text[]",
    "id_number_sealed": "bytea",
    "id_index": "uuid",
    "id_masked": "text",
    "sex": "smallint",
    "birth_date": "date",
    "phone_sealed": "bytea",
    "phone_index": "uuid",
    "phone_masked": "text",
    "phone_tail": "text",
    "group_code": "text",
    "vehicle_plate": "text",
    "platform_name": "text",
    "unit_id": "uuid",
    "employer_id": "uuid",
    "joined_on": "date",
    "member_no": "text",
    "id_expires_on": "date",
    "ethnicity": "text",
    "political_affiliation": "text",
    "education": "text",
    "household_type": "text",
    "is_migrant_worker": "boolean",
    "employment_form": "text",
    "employment_status": "text",
    "occupation": "text",
    "skill_level": "smallint",
    "residence_division": "text",
    "residence_text": "bytea",
}
_BLANK = {"text": "", "bytea": NULL, "jsonb": "{}", "text[]": "{}", "smallint": "0"}


def blank(columns: dict[str, str]) -> dict[str, str]:
    """Return what a line of COPY holds for a row that says nothing, in the columns' order."""
    return {name: _BLANK.get(kind, NULL) for name, kind in columns.items()}


@contextmanager
def table(name: str, columns: dict[str, str]) -> Iterator[None]:
    """Have an empty temporary table of these columns in the block."""
    drop = f"DROP TABLE IF EXISTS pg_temp.{name}"
    defined = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(drop)  # of a job that broke off in this session
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({defined})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(drop)


def copy(name: str, columns: dict[str, str], blocks: Iterable[bytes]) -> int:
    """Store blocks of lines as they come, so that server and reader work at the same time.

    Returns how many lines; blocks that break off leave none. `blocks` must not ask the database:
    the copy has the connection.
    """
    first = next(blocks := iter(blocks), None)
    if first is None:
        return 0
    statement = f"COPY pg_temp.{name} ({', '.join(columns)}) FROM STDIN"
    rows = 0
    with transaction.atomic(), copying(statement) as stream:
        for block in chain([first], blocks):
            stream.write(block)
            rows += block.count(b"\n")
    return rows
