"""Cursor pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from unionportal.core.paging import Keyset

PAGE_MAX = 100
NEXT, PREVIOUS = "n", "p"
WAYS = {"": "", NEXT: "after", PREVIOUS: "before"}


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

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.request = request
        keyset = Keyset(*self.get_ordering(request, queryset, view))
        cursor = request.query_params.get("cursor", "")
        if cursor[:1] not in WAYS:
            raise self._broken()
        where = {WAYS[cursor[:1]]: cursor[1:]} if cursor else {}
        try:
            self.cut = keyset.cut(
                queryset,
                self.get_page_size(request),
                parts=getattr(view, "parts_found", ()),
                **where,
            )
        except BadRequest:
            raise self._broken() from None
        return self.cut.rows

    def _broken(self) -> exceptions.ValidationError:
        return exceptions.ValidationError(
            {"cursor": [_("This cursor is broken. Start again without it.")]}
        )

    def get_next_link(self) -> str | None:
        return self._link(f"{NEXT}{self.cut.next}") if self.cut.next else None

    def get_previous_link(self) -> str | None:
        return self._link(f"{PREVIOUS}{self.cut.previous}") if self.cut.previous else None

    def _link(self, cursor: str) -> str:
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        allowed = getattr(view, "orderings", None) or (view_ordering(view),)
        asked = request.query_params.get("ordering")
        if asked is None and (found := getattr(view, "order_found", ())):
            return tuple(found)  # a search has an order of its own
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
