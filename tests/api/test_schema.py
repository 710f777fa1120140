"""The OpenAPI schema: made without a warning, valid, and complete."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.architecture.matrix import routes
from unionportal.core.api.schema import SessionScheme


@pytest.fixture(scope="module")
def schema() -> dict:
    with GENERATOR_STATS.silence():
        return SchemaGenerator().get_schema(request=None, public=True)


def test_schema_is_made_without_a_warning(tmp_path):
    call_command("spectacular", "--fail-on-warn", "--validate", file=str(tmp_path / "schema.yml"))


def test_schema_is_valid_openapi(schema):
    validate_schema(schema)
    assert schema["openapi"] == "3.1.0"


def test_schema_names_every_route_of_the_api(schema):
    shown = {address.strip("/").split("{")[0] for address in schema["paths"]}
    known = {r.path.strip("/").split("<")[0] for r in routes() if r.is_api}
    assert known - shown == {"api/v1/schema", "api/v1/docs"}
    assert shown <= known


def test_every_operation_wants_the_session(schema):
    assert set(schema["components"]["securitySchemes"]) == {SessionScheme.name}
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"session": []}], operation["operationId"]


def test_every_creating_post_names_the_idempotency_key(schema):
    posts = {path: o["post"] for path, o in schema["paths"].items() if "post" in o}
    for path, operation in posts.items():
        headers = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "header"}
        is_creating = "201" in operation["responses"]
        assert headers == ({"Idempotency-Key": True} if is_creating else {}), path
        assert len(operation["responses"]) == 1, path
    creating = {path for path, operation in posts.items() if "201" in operation["responses"]}
    assert {f"/api/v1/{name}/" for name in ("applications", "transfers", "external-members")} <= (
        creating
    )
