"""Query strings read strictly: ignoring an unknown filter would return everyone."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

MAX_VALUE = 500
ALWAYS_ALLOWED = {"cursor", "page_size", "ordering"}


def check_parameters(request: Request, allowed: set[str]) -> None:
    """Refuse a query parameter that is unknown, repeated, too long or holds a NUL byte (400)."""
    for name, values in request.query_params.lists():
        if name not in allowed:
            raise exceptions.ValidationError(
                {name: [_("Unknown parameter. Known here: %s") % ", ".join(sorted(allowed))]}
            )
        if len(values) > 1:
            raise exceptions.ValidationError({name: [_("Give this parameter once.")]})
        if len(values[0]) > MAX_VALUE or "\x00" in values[0]:
            raise exceptions.ValidationError({name: [_("This value is too long.")]})


class StrictParametersBackend(BaseFilterBackend):
    """Check the query string of a list against its filters before anything is read."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        filterset = getattr(view, "filterset_class", None)
        names = set(filterset.base_filters) if filterset else set()
        if getattr(view, "detail", False):
            check_parameters(request, names)
            return queryset
        check_parameters(request, names | ALWAYS_ALLOWED)
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []
