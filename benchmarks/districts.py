"""The district the benchmarks run on: built for one run, or kept between runs and copied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from members.models import UnionUnit
from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import Size

Say = Callable[[str], object]


@contextmanager
def prepared(size: Size, folder: Path, say: Say, *, keep: bool) -> Iterator[None]:
    """Give the block a database with a district of `size`.

    With `keep` the built one stays for later runs and the block works on a copy of it, so that
    what one run writes is not there in the next.
    """
    if not keep:
        _build(size, folder, say)
        yield
        return
    first = connection.settings_dict["NAME"]
    kept, copy = f"{first}_{size.name}", f"{first}_copy"
    _administer(first, f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
    _create(first, kept)
    _build(size, folder, say)
    began = time.monotonic()
    _administer(first, f'CREATE DATABASE "{copy}" TEMPLATE "{kept}" STRATEGY FILE_COPY')
    say(f"copied in {time.monotonic() - began:.1f} s")
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        _administer(first, f'DROP DATABASE "{copy}" WITH (FORCE)')


def _create(first: str, kept: str) -> None:
    """Work in the database `kept` from now on; make it when it is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [kept])
        is_there = cursor.fetchone() is not None
    if not is_there:
        _administer(first, f'CREATE DATABASE "{kept}"')
    connection.close()
    connection.settings_dict["NAME"] = kept


def _build(size: Size, folder: Path, say: Say) -> None:
    """Bring the tables up to date and build the district unless it is there."""
    call_command("migrate", verbosity=0)
    if UnionUnit.objects.exists():
        say(f"district: {size.units:,} units, {size.members:,} members, kept from before")
        return
    began = time.monotonic()
    build_district(size=size, random_seed=1, accounts_file=folder / "accounts.json")
    seconds = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    say(f"district: {size.units:,} units, {size.members:,} members, built in {seconds:.1f} s")


def _administer(first: str, statement: str) -> None:
    """Run a statement about databases from the one that is never copied."""
    connection.close()
    connection.settings_dict["NAME"] = first
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
