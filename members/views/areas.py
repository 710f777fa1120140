"""Areas: the tree, the page of one, adding one below, ending one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from members.actions import areas
from members.area_forms import AreaForm, EndAreaForm
from members.models import Area
from members.queries.areas import area_page, area_rows
from members.queries.history import timeline_of
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_ORGANISATION)
def area_tree(request: HttpRequest) -> HttpResponse:
    """Show the areas with their units, employers and members; ended ones when asked."""
    with_ended = request.GET.get("ended") == "1"
    rows = area_rows(staff(request), with_ended=with_ended)
    return render(request, "members/area_tree.html", {"rows": rows, "with_ended": with_ended})


@desk(P.VIEW_ORGANISATION)
def area_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an area: how long it was one, what it was before and became, what lies in it."""
    area = _area(request, pk)
    context = {
        **area_page(staff(request), area),
        "may_manage": has_permission(request.user, P.MANAGE_ORGANISATION),
        "entries": timeline_of(area),
    }
    return render(request, "members/area_detail.html", context)


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def area_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add an area below another one."""
    parent = _area(request, pk, P.MANAGE_ORGANISATION)
    form = AreaForm(request.POST or None, parent=parent)
    status = 200 if request.method != "POST" else 400
    if form.is_valid():
        try:
            return submit_once(request, lambda: _add(request, parent, form))
        except Refused as refusal:
            _show(form, refusal)
            status = refusal.status
    return render(request, "members/area_form.html", {"form": form, "area": parent}, status=status)


def _add(request: HttpRequest, parent: Area, form: AreaForm) -> str:
    made = areas.add_area(by=staff(request), parent=parent, facts=form.facts())
    messages.success(request, _("“%(area)s” is added.") % {"area": made})
    if form.is_unknown_code:
        messages.warning(
            request, _("No division is known by the first six digits of its code. Check it.")
        )
    return reverse("members:area-detail", args=[made.pk])


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def area_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End an area: what it became, and with several, what goes where."""
    area = _area(request, pk, P.MANAGE_ORGANISATION)
    form = EndAreaForm(request.POST or None, area=area)
    if request.method != "POST" or not form.is_valid():
        return _end_page(request, area, form, status=400 if form.is_bound else 200)
    several = form.cleaned_data["successors"].count() > 1
    if several and "sorted" not in request.POST:
        return _end_page(request, area, form, is_sorting=True)
    try:
        return submit_once(request, lambda: _end(request, area, form))
    except Refused as refusal:
        _show(form, refusal)
        return _end_page(request, area, form, is_sorting=several, status=refusal.status)


def _end(request: HttpRequest, area: Area, form: EndAreaForm) -> str:
    areas.end_area(
        by=staff(request), area=area, ended_on=form.cleaned_data["ended_on"],
        successors=list(form.cleaned_data["successors"]), choices=form.choices(),
        reason=form.cleaned_data["reason"],
    )  # fmt: skip
    messages.success(request, _("“%(area)s” has ended; what lay in it goes on.") % {"area": area})
    return reverse("members:area-detail", args=[area.pk])


def _end_page(
    request: HttpRequest, area: Area, form: EndAreaForm, *, is_sorting: bool = False, **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "area": area, "is_sorting": is_sorting}
    if is_sorting:
        homes = list(form.cleaned_data["successors"])
        context["homes"] = homes
        context["pieces"] = [
            (piece, form.data.get(f"to-{piece.pk}", str(homes[0].pk))) for piece in form.pieces()
        ]
    return render(request, "members/area_end.html", context, **more)


def _show(form: AreaForm | EndAreaForm, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))


def _area(request: HttpRequest, pk: UUID, permission: Permission | None = None) -> Area:
    found: Area = get_object_or_404(Area.objects.visible_to(staff(request), permission), pk=pk)
    return found
