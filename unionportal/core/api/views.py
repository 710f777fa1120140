"""Base of the API's views."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from unionportal.core.idempotency import Outcome, once
from unionportal.core.roles import Permission


class PortalViewSet(ReadOnlyModelViewSet[Any]):
    """Base of the read API: rights by action, rows by `visible_to`, out of scope is 404."""

    rights: ClassVar[Mapping[str, Permission]] = {}
    lookup_value_converter = "uuid"
    orderings: ClassVar[tuple[str, ...]] = ("-id",)
    http_method_names = ["get", "post", "head", "options"]

    def get_queryset(self) -> QuerySet[Any]:
        rows = cast("Any", type(self)).queryset
        if getattr(self, "swagger_fake_view", False):
            return cast("QuerySet[Any]", rows.none())
        return cast("QuerySet[Any]", rows.visible_to(self.request.user))


def create_once(request: Request, run: Callable[[], dict[str, Any]]) -> Response:
    """Answer a creating POST once per Idempotency-Key (a required header): 201, `run`'s object."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise exceptions.ValidationError(
            {"Idempotency-Key": [_("Send an Idempotency-Key header with this request.")]}
        )
    body = json.dumps(request.data, sort_keys=True, default=str).encode()
    outcome = once(
        owner=f"user:{request.user.pk}",
        key=key,
        route=f"{request.method} {request.path}"[:120],
        body=hashlib.sha256(body).digest(),
        run=lambda: Outcome(status.HTTP_201_CREATED, run()),
    )
    return Response(outcome.answer, status=outcome.status)
