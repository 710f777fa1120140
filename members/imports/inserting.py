"""INSERT … SELECT from staged rows: columns a statement does not name take the model's default."""

from __future__ import annotations

from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

TABLE = "import_written"  # one portion of a load; see members.imports.staged


def insert(
    cursor: CursorWrapper,
    model: type[models.Model],
    given: dict[str, str],
    rest: str,
    values: dict[str, Any],
) -> int:
    """Run INSERT INTO `model` SELECT `given` {column: SQL} and `rest`; return how many rows."""
    names, expressions, parameters = list(given), list(given.values()), dict(values)
    for field in model._meta.concrete_fields:
        if field.column not in given and _needs_value(field):
            names.append(str(field.column))
            expressions.append(f"%(default_{field.column})s")
            default = field.get_db_prep_save(field.get_default(), connection)
            parameters[f"default_{field.column}"] = default
    columns = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {', '.join(expressions)} {rest}",
        parameters,
    )
    return int(cursor.rowcount)


def _needs_value(field: models.Field[Any, Any]) -> bool:
    left_out = field.null or field.has_db_default() or isinstance(field, models.AutoField)
    return not left_out
