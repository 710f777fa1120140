"""A caller of the REST API, and a database of its own where threads must see each other's rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client


@dataclass
class Caller:
    """Sends JSON as one signed-in user."""

    client: Client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query_params=query)

    def post(self, path: str, body: Any, *, key: str | None = None, **more: Any) -> Any:
        """Post `body` (bytes as they are) with a new Idempotency-Key unless one is given."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = more.pop("content_type", "application/json")
        headers = {"Idempotency-Key": str(uuid4()) if key is None else key, **more}
        if key == "":
            del headers["Idempotency-Key"]
        return self.client.post(f"/api/v1/{path}", content, content_type=kind, headers=headers)


@pytest.fixture
def caller_for(client_for) -> Callable[..., Caller]:
    def make(user: Any, language: str = "en") -> Caller:
        return Caller(client_for(user, language))

    return make


@pytest.fixture
def officer(caller_for, subdistrict_officer) -> Caller:
    return caller_for(subdistrict_officer)


@pytest.fixture
def chief(caller_for, district_officer) -> Caller:
    return caller_for(district_officer)


@pytest.fixture
def own_database(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A copy of the test database to commit into; dropped with all its rows.

    The usual way, to empty all tables afterwards, is refused by the append-only ones.
    """
    settings = connection.settings_dict
    first, copy = settings["NAME"], f"{settings['NAME']}_copy"
    with django_db_blocker.unblock():
        connection.close()
        _administer(
            f'DROP DATABASE IF EXISTS "{copy}"', f'CREATE DATABASE "{copy}" TEMPLATE "{first}"'
        )
        settings["NAME"] = copy
        try:
            yield
        finally:
            connection.close()
            settings["NAME"] = first
            _administer(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
