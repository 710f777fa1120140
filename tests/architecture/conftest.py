"""The cast stands for a whole module: building it for each of a hundred routes takes minutes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.architecture.cast import Cast, standing


@pytest.fixture(autouse=True, scope="module")
def _portal_data(tmp_path_factory) -> Iterator[None]:
    """One folder a module: the cast's files must be there in every test."""
    folder = tmp_path_factory.mktemp("portal")
    with override_settings(FILES_ROOT=folder / "files", BANK_FOLDER=str(folder / "bank")):
        yield


@pytest.fixture(scope="module")
def cast(django_db_setup, django_db_blocker, _portal_data) -> Iterator[Cast]:
    with django_db_blocker.unblock(), standing() as made:
        yield made
