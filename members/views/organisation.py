"""Units, areas and employers."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from members.actions import units
from members.forms import ReasonForm, UnitDayForm
from members.models import UnionUnit
from members.queries.history import timeline_of
from members.queries.organisation import (
    area_rows,
    forest,
    group_counts,
    unit_ancestors,
    unit_forest,
    units_below,
)
from members.states import UnitStatus
from members.tables import UnitTable
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.transitions import buttons_for
from unionportal.core.views_base import desk

P = Permission
CHILDREN_SHOWN = 200
EMPLOYERS_SHOWN = 100


@desk(P.VIEW_ORGANISATION)
def unit_tree(request: HttpRequest) -> HttpResponse:
    """Show the union units as a tree; deeper levels come on demand."""
    return render(request, "members/unit_tree.html", {"branches": unit_forest(staff(request))})


@desk(P.VIEW_ORGANISATION)
def unit_children(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the next level of the tree as a fragment."""
    unit = get_object_or_404(UnionUnit.objects.visible_to(staff(request)), pk=pk)
    rows = list(units_below(staff(request), unit)[: CHILDREN_SHOWN + 1])
    context = {
        "unit": unit,
        "branches": forest(rows[:CHILDREN_SHOWN]),
        "has_more": len(rows) > CHILDREN_SHOWN,
    }
    return render(request, "members/_unit_branches.html", context)


@desk(P.VIEW_ORGANISATION)
def unit_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a unit: where it stands, whom it covers, how many members by group."""
    unit = get_object_or_404(
        UnionUnit.objects.visible_to(staff(request)).select_related("area", "industrial_parent"),
        pk=pk,
    )
    return _unit_page(request, unit)


@desk(post=P.MANAGE_ORGANISATION)
def unit_establish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a unit is established, with its day."""
    unit = _managed(request, pk)
    form = UnitDayForm(request.POST)
    if form.is_valid():
        try:
            day = form.cleaned_data["day"]
            units.establish(unit=unit, by=staff(request), established_on=day)
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            messages.success(request, _("“%(unit)s” is established.") % {"unit": unit.name})
            return redirect("members:unit-detail", pk=unit.pk)
    return _unit_page(request, unit, establish_form=form)


@desk(post=P.MANAGE_ORGANISATION)
def unit_dissolve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a unit is dissolved, with the reason."""
    unit = _managed(request, pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            units.dissolve(unit=unit, by=staff(request), reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            messages.success(request, _("“%(unit)s” is dissolved.") % {"unit": unit.name})
            return redirect("members:unit-detail", pk=unit.pk)
    return _unit_page(request, unit, dissolve_form=form)


def _managed(request: HttpRequest, pk: UUID) -> UnionUnit:
    rows = UnionUnit.objects.visible_to(staff(request), P.MANAGE_ORGANISATION)
    found: UnionUnit = get_object_or_404(rows, pk=pk)
    return found


def _unit_page(
    request: HttpRequest,
    unit: UnionUnit,
    establish_form: UnitDayForm | None = None,
    dissolve_form: ReasonForm | None = None,
) -> HttpResponse:
    user = staff(request)
    is_invalid = establish_form is not None or dissolve_form is not None
    held = {P.MANAGE_ORGANISATION} if has_permission(user, P.MANAGE_ORGANISATION) else set()
    counts = group_counts(user, unit) if has_permission(user, P.VIEW_MEMBERS) else []
    children = list(units_below(user, unit)[:CHILDREN_SHOWN])
    context = {
        "unit": unit,
        "above": unit_ancestors(user, unit),
        "table": UnitTable(children, request=request, empty=Empty(_("No units below this one"))),
        "coverages": unit.coverages.select_related("employer").order_by("-started_on", "pk")[
            :EMPLOYERS_SHOWN
        ],
        "placements": unit.placements.select_related("parent").order_by("-started_on"),
        "counts": counts,
        "recorded": sum(row["members"] for row in counts),
        "verbs": buttons_for(unit, held),
        "establish_form": establish_form or UnitDayForm(),
        "dissolve_form": dissolve_form or ReasonForm(),
        "kind_of_state": {
            UnitStatus.ESTABLISHED: "ok", UnitStatus.PREPARING: "move", UnitStatus.DISSOLVED: "rest"
        }[UnitStatus(unit.status)],
        "may_move": bool(counts) and has_permission(user, P.APPROVE_APPLICATION),
        "may_enrol": unit.takes_members and has_permission(user, P.ENROL),
        "entries": timeline_of(unit),
    }  # fmt: skip
    status = 400 if is_invalid else 200
    return render(request, "members/unit_detail.html", context, status=status)


@desk(P.VIEW_ORGANISATION)
def area_tree(request: HttpRequest) -> HttpResponse:
    """Show the areas with their units, employers and members."""
    return render(request, "members/area_tree.html", {"rows": area_rows(staff(request))})
