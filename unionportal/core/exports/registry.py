"""The lists that can be taken out; apps declare theirs in AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from unionportal.core.errors import Refused
from unionportal.core.exports.columns import ExportColumn
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.models import User


@dataclass(frozen=True, kw_only=True)
class ExportList:
    """A list: `rows` narrows it by a query string as its page does, within the user's reach.

    `rows` raises `Refused` for a query string the page would not take.
    """

    name: str
    title: str | Promise
    url_name: str
    permission: Permission
    columns: tuple[ExportColumn, ...]
    rows: Callable[[User, str], QuerySet[Any]]
    order: tuple[str, ...]
    # What a row is about; people's rows are logged as looks at people.
    holds_people: bool = True

    def column(self, name: str) -> ExportColumn:
        return next(one for one in self.columns if one.name == name)


_lists: dict[str, ExportList] = {}


def register(one: ExportList) -> None:
    """Declare a list; declaring it again replaces it."""
    _lists[one.name] = one


def get(name: str) -> ExportList:
    """Return a declared list; raise `Refused` for an unknown name."""
    if name not in _lists:
        raise Refused("There is no such list.", code="unknown_list", field="list_name")
    return _lists[name]


def names() -> list[str]:
    return sorted(_lists)
