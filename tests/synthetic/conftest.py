"""A demo district, built once for the tests of a module and rolled back after them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings as portal_settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from unionportal.core.models import User
from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import DEMO

SEED = 7


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo district's true counts, its folder and the statements it took."""
    folder = tmp_path_factory.mktemp("district")
    kept, portal_settings.FILES_ROOT = portal_settings.FILES_ROOT, folder / "files"
    with django_db_blocker.unblock(), transaction.atomic():
        with CaptureQueriesContext(connection) as statements:
            counts = build_district(
                size=DEMO, random_seed=SEED, accounts_file=folder / "accounts.json"
            )
        yield SimpleNamespace(
            counts=counts, parts=counts.parts, folder=folder, statements=len(statements)
        )
        transaction.set_rollback(True)
    portal_settings.FILES_ROOT = kept


@pytest.fixture
def officer(built, db) -> User:
    """The district officer, who sees everything."""
    return User.objects.get(username="district")
