"""The desk's first page: what waits, how many members, how the drives go."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from outreach.queries import open_drives_progress
from unionportal.core.figures import Figure, FigureValue, figures
from unionportal.core.navigation import navigation_for
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

# The three member numbers (domain.md section 9), then what moves.
TILES = ("reported", "recorded", "qualified")


@desk(Permission.USE_DESK)
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for the user, the member figures and the running drives."""
    waiting = [
        link
        for section in navigation_for(request.user)  # type: ignore[arg-type]
        for link in section.links
        if link.count
    ]
    may_see_reports = has_permission(request.user, Permission.VIEW_REPORTS)
    context = {
        "today": timezone.localdate(),
        "waiting": waiting,
        "things": sum(link.count or 0 for link in waiting),
        "tiles": _tiles(request) if may_see_reports else [],
        "drives": open_drives_progress(request.user) if may_see_reports else [],
        "may_see_reports": may_see_reports,
        "may_enrol": has_permission(request.user, Permission.ENROL),
    }
    return render(request, "dashboard/home.html", context)


def _tiles(request: HttpRequest) -> list[tuple[Figure, FigureValue]]:
    today = timezone.localdate()
    return [
        (figure, figure.compute(request.user, today))
        for figure in figures()
        if figure.id in TILES and has_permission(request.user, figure.permission)
    ]
