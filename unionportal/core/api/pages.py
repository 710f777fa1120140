"""Cursor pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination
from rest_framework.request import Request

PAGE_MAX = 100


class CursorPages(pagination.CursorPagination):
    """Cursor pages of 50, at most 100; no counts, so page k costs what page 1 costs."""

    page_size = 50
    max_page_size = PAGE_MAX
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("page_size")
        if text is None:
            return int(self.page_size)
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= PAGE_MAX):
            raise exceptions.ValidationError(
                {"page_size": [_("A page has 1 to %(max)d rows.") % {"max": PAGE_MAX}]}
            )
        return int(text)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except (exceptions.NotFound, ValueError, OverflowError):
            raise exceptions.ValidationError(
                {"cursor": [_("This cursor is broken. Start again without it.")]}
            ) from None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (DjangoValidationError, ValueError):
            raise exceptions.ValidationError(
                {"cursor": [_("This cursor is broken. Start again without it.")]}
            ) from None

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        allowed = getattr(view, "orderings", None) or (view_ordering(view),)
        asked = request.query_params.get("ordering")
        if asked is None:
            return _as_tuple(allowed[0])
        if asked not in allowed:
            raise exceptions.ValidationError(
                {"ordering": [_("Sort by one of: %s") % ", ".join(allowed)]}
            )
        return _as_tuple(asked)


def view_ordering(view: Any) -> str:
    return str(getattr(view, "ordering", CursorPages.ordering))


def _as_tuple(ordering: str) -> tuple[str, ...]:
    return (ordering,) if ordering.lstrip("-") == "id" else (ordering, "-id")
