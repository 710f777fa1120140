"""COPY over Django's connection; what goes wrong is told in Django's exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def copying(statement: Any, *params: Any) -> Iterator[Any]:
    """Give the block the stream of a COPY, to write to or to read from.

    Django passes errors of a cursor's own methods on as psycopg's: whoever is ready for a database
    that is away or full would not know them.
    """
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement, *params) as stream,
    ):
        yield stream
