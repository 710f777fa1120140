"""Tell PostgreSQL at once that a table has grown; autovacuum would, a minute later."""

from __future__ import annotations

from django.db import connection, models

MANY = 2_000


def count_anew(model: type[models.Model], grown_by: int) -> None:
    """Analyse the table of `model` when it has grown by many rows.

    Plans made while a table was small, those of its foreign keys in every session too, look at all
    of it for each row; they are made again after this.
    """
    if grown_by >= MANY:
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_analyze(%s)", [model._meta.db_table])
