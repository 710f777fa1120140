"""Send many rows of a model to PostgreSQL by COPY, encrypted fields sealed as the ORM would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from unionportal.core import crypto
from unionportal.core.fields import EncryptedTextField


class Table:
    """Rows of `model` with the fields `names`; every other field takes the model's default."""

    def __init__(self, model: type[models.Model], *names: str) -> None:
        own = {field.name: field for field in model._meta.concrete_fields}
        fields = [own[name] for name in names]
        others = [field for field in own.values() if _is_constant(field, fields)]
        self._rest = tuple(_default(field) for field in others)
        self._sealed = [
            (place, field.context)
            for place, field in enumerate(fields)
            if isinstance(field, EncryptedTextField)
        ]
        columns = [sql.Identifier(str(field.column)) for field in [*fields, *others]]
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(model._meta.db_table), sql.SQL(", ").join(columns)
        )
        self._rows: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, *values: Any) -> None:
        self._rows.append(values)

    def flush(self, cursor: CursorWrapper) -> None:
        """Send what was added and forget it."""
        if self._rows:
            with cursor.copy(self._copy) as copy:
                for row in self._prepared():
                    copy.write_row(row)
            self._rows = []

    def _prepared(self) -> Iterator[tuple[Any, ...] | list[Any]]:
        if not self._sealed:
            for row in self._rows:
                yield row + self._rest
            return
        for row in self._rows:
            cells = [*row, *self._rest]
            for place, context in self._sealed:
                if cells[place] is not None:
                    cells[place] = crypto.encrypt(cells[place], context)
            yield cells


def _is_constant(field: models.Field[Any, Any], given: list[Any]) -> bool:
    """Say whether the column needs a value although no row gives one."""
    left_out = field.null or field.has_db_default() or isinstance(field, models.AutoField)
    return field not in given and not left_out


def _default(field: models.Field[Any, Any]) -> Any:
    if not field.has_default() and not field.empty_strings_allowed:
        raise TypeError(f"{field} has no default: give it in every row")
    return field.get_db_prep_save(field.get_default(), connection)
