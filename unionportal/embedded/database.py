"""Bring the database up to date in this process: tables, schedules, the demo district."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from unionportal.core.models import Heartbeat
from unionportal.embedded.errors import StartError, last_words
from unionportal.embedded.programs import POSTGRES_VERSIONS


def require_database() -> None:
    """Refuse a database that does not answer or is of a version never tried."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        host = settings.DATABASES[DEFAULT_DB_ALIAS].get("HOST") or "this machine"
        raise StartError(
            f"The database of DATABASE_URL on {host} does not answer"
            f" ({last_words(str(error))}): start it, or correct DATABASE_URL."
        ) from None
    major = connection.pg_version // 10_000  # type: ignore[attr-defined]
    if major not in POSTGRES_VERSIONS:
        raise StartError(f"DATABASE_URL is PostgreSQL {major}: the portal needs 15 to 18.")


def broker_host() -> str:
    """Return the broker's host for a message, without any password."""
    return urlsplit(settings.CELERY_BROKER_URL).hostname or "this machine"


def migrate(say: Callable[[str], None]) -> None:
    """Apply the migrations that are missing, if any."""
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say(f"Bringing the database up to date ({len(plan)} steps)…")
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("grant_rights", stdout=StringIO())


def seed(say: Callable[[str], None], *, demo: bool) -> None:
    """Write the schedules, and the demo district into a database that has no user yet."""
    call_command("seed_schedules", verbosity=0, stdout=StringIO())
    # The last run's heartbeats say nothing about the programs about to start.
    Heartbeat.objects.all().delete()
    if demo and not get_user_model().objects.exists():
        say("Building the demo district…")
        call_command("seed_district", size="demo")
