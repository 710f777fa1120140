"""Who is meant: rows picked on a page, or all that a list's filters let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from members.lists.exporting import narrowed
from members.lists.filters import MemberFilter
from members.lists.page import PAGING
from members.models import Membership
from members.models.people import MembershipQuerySet
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.roles import Permission

MOST_PICKED = 1_000
LONGEST_QUERY = 2_000


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Picked ids, or the query string of a list when `is_whole`."""

    ids: tuple[UUID, ...] = ()
    query: str = ""
    is_whole: bool = False

    @classmethod
    def read(cls, data: QueryDict) -> Selection:
        """Return what a form posts: `pick` (ids, also joined by commas), `query`, `whole`."""
        texts = [one for text in data.getlist("pick") for one in text.split(",") if one]
        if len(texts) > MOST_PICKED:
            raise Refused(_("Too many rows are picked. Take all that match the filters instead."))
        try:
            ids = tuple(dict.fromkeys(UUID(text) for text in texts))
        except ValueError as error:
            raise Refused(_("Pick members on the list."), code="bad_pick") from error
        return cls(ids=ids, query=plain(data.get("query", "")), is_whole=data.get("whole") == "1")

    def rows(self, user: User) -> QuerySet[Membership]:
        """Return the memberships meant that `user` may see and decide on.

        Raises `Refused` for nothing picked and for a query string the list would not take.
        """
        seen: MembershipQuerySet = Membership.objects.visible_to(user)
        mine = seen.visible_to(user, Permission.APPROVE_APPLICATION)
        if self.is_whole:
            return narrowed(MemberFilter, mine, user, self.query)
        if not self.ids:
            raise Refused(_("Pick at least one member."), code="nobody_picked")
        return mine.filter(pk__in=self.ids)

    @property
    def told(self) -> str:
        """The list's query string to keep: without the search, which may be somebody's name."""
        kept = QueryDict(self.query if self.is_whole else "", mutable=True)
        for name in ("q", "read_as"):
            kept.pop(name, None)
        return kept.urlencode()

    def fields(self) -> dict[str, Any]:
        """Return what a form carries on in hidden fields."""
        return {
            "pick": ",".join(str(one) for one in self.ids),
            "query": self.query,
            "whole": "1" if self.is_whole else "",
        }


def plain(query: str) -> str:
    """Return a list's query string without what only leads through it; never a part of it.

    Raises `Refused` (`long_query`).
    """
    kept = QueryDict(query, mutable=True)
    for name in PAGING:
        kept.pop(name, None)
    text = kept.urlencode()
    if len(text) > LONGEST_QUERY:
        raise Refused(_("These filters are too many. Take fewer of them."), code="long_query")
    return text
