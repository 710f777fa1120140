"""Databases of their own that hold a synthetic district, for pages that read and never write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test import override_settings

from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import DEMO, DISTRICT, Size

# Large enough that most lists have a second page.
SMALL = Size("small", 140, 700, 1, 30, 6, 60, 52)
SIZES = (SMALL, DEMO, DISTRICT)


@contextmanager
def district_of(size: Size, folder: Path) -> Iterator[None]:
    """Copy the empty test database, fill the copy, use it in the block, then drop it.

    Rows must be committed and gone again, and append-only tables refuse to be emptied.
    """
    settings = connection.settings_dict
    first, copy = settings["NAME"], f"{settings['NAME']}_{size.name}"
    connection.close()
    _administer(f'DROP DATABASE IF EXISTS "{copy}"', f'CREATE DATABASE "{copy}" TEMPLATE "{first}"')
    settings["NAME"] = copy
    try:
        with override_settings(FILES_ROOT=folder / "files", BANK_FOLDER=str(folder / "bank")):
            build_district(size=size, random_seed=1, accounts_file=folder / "accounts.json")
            yield
    finally:
        connection.close()
        settings["NAME"] = first
        _administer(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
