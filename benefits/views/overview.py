"""The first page of money: what waits, and for whom."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benefits.queries.waiting import waiting
from benefits.views.shared import staff
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk


@desk(Permission.VIEW_MONEY)
def money_overview(request: HttpRequest) -> HttpResponse:
    """Show the money work that waits for the reader, then what waits for others."""
    found = waiting(staff(request))
    context = {
        "mine": [one for one in found if one.is_mine],
        "others": [one for one in found if not one.is_mine],
    }
    return render(request, "benefits/money_overview.html", context)
