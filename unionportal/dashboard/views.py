"""The desk's first page: what waits, how many members, how the drives go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from members.queries.quality import qualification_gaps
from outreach.queries import open_drives_progress
from unionportal.core.figures import Figure, FigureValue, figures
from unionportal.core.navigation import NavLink, navigation_for
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

if TYPE_CHECKING:
    from unionportal.core.models import User

# The three member numbers (domain.md section 9), in the order they are explained.
TILES = ("reported", "recorded", "qualified")


@dataclass(frozen=True)
class Waiting:
    """Work behind one page of the navigation, and since when the oldest of it waits."""

    link: NavLink
    oldest: dt.datetime | None
    days: int = 0


@desk(Permission.USE_DESK)
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for the user, the member figures and the running drives."""
    user: User = request.user  # type: ignore[assignment]
    may_see_reports = has_permission(user, Permission.VIEW_REPORTS)
    context = {
        "now": timezone.localtime(),
        "waiting": _waiting(user),
        "may_see_reports": may_see_reports,
        "may_enrol": has_permission(user, Permission.ENROL),
    }
    if may_see_reports:
        context |= _numbers(user)
    return render(request, "dashboard/home.html", context)


def _waiting(user: User) -> list[Waiting]:
    """Return the work that waits for `user`, the longest waiting first."""
    links = [link for section in navigation_for(user) for link in section.links if link.count]
    found = [_since(link, user) for link in links]
    return sorted(found, key=lambda one: one.days, reverse=True)


def _since(link: NavLink, user: User) -> Waiting:
    oldest = link.oldest(user) if link.oldest else None
    if oldest is None:
        return Waiting(link, None)
    days = (timezone.localdate() - timezone.localdate(oldest)).days
    return Waiting(link, oldest, days)


def _numbers(user: User) -> dict[str, Any]:
    tiles = _tiles(user)
    values = {figure.id: value for figure, value in tiles}
    gap = values["recorded"].numerator - values["qualified"].numerator
    return {
        "tiles": tiles,
        "gap": gap,
        "gaps": qualification_gaps(user) if gap else {},
        "silent_units": values["reported"].missing,
        "drives": open_drives_progress(user),
    }


def _tiles(user: User) -> Sequence[tuple[Figure, FigureValue]]:
    today = timezone.localdate()
    by_id = {figure.id: figure for figure in figures()}
    return [(by_id[name], by_id[name].compute(user, today)) for name in TILES]
