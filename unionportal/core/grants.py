"""The rights of the role under which web, worker and scheduler reach the database.

The tables belong to another role, which only migrates. What is append-only by trigger is so by
grant as well: whoever takes over a program of the portal can neither change nor remove a row of the
ledger or of the logs, nor switch a trigger off (security.md section 3.1, I2).
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connection
from psycopg import sql

from unionportal.core.models.audit import EMPTIED, ENDING

EVERYTHING = """
GRANT USAGE ON SCHEMA public TO {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}"""


def append_only_tables() -> Iterator[tuple[str, str]]:
    """Yield each append-only table with its one column that may be emptied, "" for none."""
    for model in apps.get_models():
        for trigger in getattr(model._meta, "triggers", []):
            if trigger.name.endswith(ENDING):
                yield model._meta.db_table, EMPTIED.get(trigger.name, "")


def grant(role: str) -> int:
    """Give a role what the portal's programs need; return to how many tables it may only add.

    Run it as the owner of the tables after each migration; safe to repeat.
    """
    names = {"role": sql.Identifier(role)}
    tables = list(append_only_tables())
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(EVERYTHING).format(**names))
        for table, column in tables:
            own = {**names, "table": sql.Identifier(table), "column": sql.Identifier(column or "-")}
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {table} FROM {role}").format(**own))
            if column:
                emptied = sql.SQL("GRANT UPDATE ({column}) ON {table} TO {role}")
                cursor.execute(emptied.format(**own))
    return len(tables)


def make_role(role: str, password: str | None) -> bool:
    """Make the role that may log in and owns nothing, unless there is one; say whether it was made.

    A password given is set in any case, so that address and role cannot fall apart.
    """
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        is_new = cursor.fetchone() is None
        if is_new:
            text = "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            cursor.execute(sql.SQL(text).format(name))
        if password:
            text = "ALTER ROLE {} PASSWORD {}"
            cursor.execute(sql.SQL(text).format(name, sql.Literal(password)))
        database = sql.Identifier(connection.settings_dict["NAME"])
        cursor.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, name)
        )
    return is_new
