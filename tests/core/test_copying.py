"""COPY tells what went wrong as Django does."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from unionportal.core.copying import copying

pytestmark = pytest.mark.django_db
INTO = "COPY made (id) FROM STDIN"


@pytest.fixture(autouse=True)
def _made(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE made (id integer PRIMARY KEY) ON COMMIT DROP")


def test_what_is_written_can_be_read_back():
    with copying(INTO) as stream:
        stream.write_row((1,))
        stream.write_row((2,))
    with copying("COPY (SELECT id FROM made WHERE id > %s) TO STDOUT", [1]) as stream:
        assert b"".join(map(bytes, stream)) == b"2\n"


def test_a_refused_row_is_djangos_error():
    def twice() -> None:
        with transaction.atomic(), copying(INTO) as stream:
            stream.write_row((1,))
            stream.write_row((1,))

    with pytest.raises(IntegrityError):
        twice()
