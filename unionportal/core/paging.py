"""Keyset pages for long lists: no COUNT, no OFFSET, one query of size + 1 rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.http import HttpRequest

DEFAULT_SIZE = 50
LARGEST_SIZE = 100
SALT = "unionportal.core.paging"


@dataclass(frozen=True)
class Page:
    """Rows of one page; `next` and `previous` are cursors, empty at the ends."""

    rows: list[Any]
    size: int
    next: str = ""
    previous: str = ""

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Keyset:
    """An order whose columns together are unique and never null, such as ("-joined_on", "-pk")."""

    def __init__(self, *order: str) -> None:
        self.order = order
        self.names = [name.lstrip("-") for name in order]

    def page(
        self,
        queryset: QuerySet[Any],
        request: HttpRequest,
        size: int = DEFAULT_SIZE,
        parts: Sequence[Q] = (),
    ) -> Page:
        """Return the page the query string asks for: `after` or `before` a cursor, `size` rows.

        Raise BadRequest (400) for a cursor this list did not make and for a size out of range.
        """
        after, before = request.GET.get("after", ""), request.GET.get("before", "")
        return self.cut(queryset, _size(request, size), after=after, before=before, parts=parts)

    def cut(
        self,
        queryset: QuerySet[Any],
        size: int,
        *,
        after: str = "",
        before: str = "",
        parts: Sequence[Q] = (),
    ) -> Page:
        """Return the page of `size` rows after or before a cursor; the first one without.

        `parts` are conditions that together make the rows: each is read by itself in the order
        and they are merged here, where the database would sort what an OR of them finds.
        """
        backwards = bool(before)
        rows = self._with_keys(queryset)
        rows = rows.order_by(*(_flip(self.order) if backwards else self.order))
        if cursor := before or after:
            rows = rows.filter(self._beyond(self._read(cursor, queryset), backwards))
        found = self._merged(rows, size + 1, parts, backwards)
        more = len(found) > size
        kept = found[:size][::-1] if backwards else found[:size]
        return self._build(kept, size, more=more, backwards=backwards, is_first=not cursor)

    def _with_keys(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Read related columns of the order along with the rows: those alone, so that an index
        that holds them is enough.
        """
        related = {_alias(name): F(name) for name in self.names if "__" in name}
        is_models = getattr(queryset, "_fields", None) is None
        return queryset.annotate(**related) if related and is_models else queryset

    def _merged(
        self, rows: QuerySet[Any], size: int, parts: Sequence[Q], backwards: bool
    ) -> list[Any]:
        if len(parts) < 2:
            return list(rows[:size])
        found = {row.pk: row for part in parts for row in rows.filter(part)[:size]}
        merged = list(found.values())
        # Sorts are stable: the last column first, each in its own direction.
        for name in reversed(_flip(self.order) if backwards else self.order):
            merged.sort(key=lambda row: _dig(row, name.lstrip("-")), reverse=name.startswith("-"))
        return merged[:size]

    def _build(
        self, rows: list[Any], size: int, *, more: bool, backwards: bool, is_first: bool
    ) -> Page:
        if not rows:
            return Page(rows, size)
        has_next = backwards or more
        has_previous = more if backwards else not is_first
        return Page(
            rows,
            size,
            next=self._cursor(rows[-1]) if has_next else "",
            previous=self._cursor(rows[0]) if has_previous else "",
        )

    def _cursor(self, row: Any) -> str:
        values = [str(_dig(row, name)) for name in self.names]
        return signing.dumps([list(self.order), values], salt=SALT, compress=True)

    def _read(self, cursor: str, queryset: QuerySet[Any]) -> list[Any]:
        try:
            order, values = signing.loads(cursor, salt=SALT)
            if order != list(self.order):
                raise signing.BadSignature
            return [
                _field(queryset, name).to_python(value)
                for name, value in zip(self.names, values, strict=True)
            ]
        except (signing.BadSignature, ValidationError, ValueError) as error:
            raise BadRequest(
                _("This page of the list cannot be found. Open the list from its start.")
            ) from error

    def _beyond(self, values: list[Any], backwards: bool) -> Q:
        """Rows after the values: a < x, or a = x and b < y, … by each column's direction."""
        order = _flip(self.order) if backwards else self.order
        condition, same = Q(), Q()
        for name, value in zip(order, values, strict=True):
            plain, way = (name[1:], "lt") if name.startswith("-") else (name, "gt")
            condition |= same & Q(**{f"{plain}__{way}": value})
            same &= Q(**{plain: value})
        # The first column alone, again: it lets the database start the index scan at the cursor.
        first = self.names[0]
        way = "lte" if order[0].startswith("-") else "gte"
        return Q(**{f"{first}__{way}": values[0]}) & condition


def _size(request: HttpRequest, default: int) -> int:
    written = request.GET.get("size", "")
    if not written:
        return default
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= LARGEST_SIZE):
        raise BadRequest(
            _("A page has 1 to %(most)d rows. Choose a size in between.") % {"most": LARGEST_SIZE}
        )
    return int(written)


def _flip(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)


def _alias(name: str) -> str:
    return f"sort_{name.replace('__', '_')}"


def _dig(row: Any, name: str) -> Any:
    if hasattr(row, _alias(name)):
        return getattr(row, _alias(name))
    for part in name.split("__"):
        row = row[part] if isinstance(row, dict) else getattr(row, part)
    return row


def _field(queryset: QuerySet[Any], name: str) -> Any:
    if name in queryset.query.annotations:
        return queryset.query.annotations[name].output_field
    model: Any = queryset.model
    *parts, last = name.split("__")
    for part in parts:
        model = model._meta.get_field(part).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)
