"""The areas with what is in them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members.queries.organisation import area_rows
from members.views.shared import staff
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_ORGANISATION)
def area_tree(request: HttpRequest) -> HttpResponse:
    """Show the areas with their units, employers and members."""
    return render(request, "members/area_tree.html", {"rows": area_rows(staff(request))})
