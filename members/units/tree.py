"""The tree of units: a first page, one level more at a time, one branch as a page, by name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.actions import units
from members.fields import LookupChoiceField
from members.forms import ALL, UnitDayForm, set_choices, top_areas
from members.lists.tools import list_tools, table_of
from members.models import Area, UnionUnit
from members.queries.bodies import health_of, reminder_counts
from members.queries.organisation import (
    forest,
    group_counts,
    unit_ancestors,
    unit_forest,
    unit_search,
    units_below,
)
from members.states import UnitKind, UnitStatus
from members.tables import FoundUnitTable, UnitTable
from members.units.pages import frame, seen_unit
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
# A level is opened so many units at a time.
LEVEL_SHOWN = 100
BELOW_SHOWN = 20
EMPLOYERS_SHOWN = 100
BY_NAME = Keyset("name", "pk")
LIST = "units"


class TreeForm(forms.Form):
    """What is looked for in the tree: a name, or what hangs below a unit."""

    mark_optional = False
    q = forms.CharField(label=gettext_lazy("Name of a unit"), max_length=60, required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[ALL, *UnitKind.choices], required=False
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), choices=[ALL, *UnitStatus.choices], required=False
    )
    area = LookupChoiceField(
        label=gettext_lazy("Area"), queryset=Area.objects.none(), required=False,
        empty_label=gettext_lazy("All"),
    )  # fmt: skip
    under = LookupChoiceField(queryset=UnionUnit.objects.none(), required=False)
    after = forms.RegexField(r"^[0-9A-Z]+$", max_length=255, required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["under"].queryset = UnionUnit.objects.visible_to(user)  # type: ignore[attr-defined]
        set_choices(self, "area", top_areas(user))

    @property
    def is_search(self) -> bool:
        """Whether units are asked for by name or by what they are, not by their place."""
        return any(self.cleaned_data.get(name) for name in ("q", "kind", "status", "area"))


@desk(P.VIEW_ORGANISATION)
def unit_tree(request: HttpRequest) -> HttpResponse:
    """Show the tree, one branch of it, or the units whose name was asked for."""
    user = staff(request)
    form = TreeForm(request.GET, user=user)
    is_valid = form.is_valid()
    asked = form.cleaned_data if is_valid else {}
    context: dict[str, Any] = {
        "form": form,
        "may_add": has_permission(user, P.MANAGE_ORGANISATION),
        "to_see_to": sum(reminder_counts(user, timezone.localdate()).values()),
    }
    if is_valid and form.is_search:
        context |= _found(request, form)
    elif asked.get("under"):
        context |= _branch(user, asked["under"], asked["after"])
    else:
        context["branches"] = unit_forest(user)
    return render(request, "members/unit_tree.html", context, status=200 if is_valid else 400)


def _found(request: HttpRequest, form: TreeForm) -> dict[str, Any]:
    asked = form.cleaned_data
    rows = unit_search(staff(request), asked["q"].strip())
    exact = {name: asked[name] for name in ("kind", "status") if asked[name]}
    if area := asked["area"]:
        exact["area__path__startswith"] = area.path
    page = BY_NAME.page(rows.filter(**exact), request)
    empty = Empty(_("No unit has these words in its name"), _("Type fewer of them."))
    return {
        "q": asked["q"], "page": page,
        "table": table_of(request, LIST, FoundUnitTable, page.rows, empty=empty),
        **list_tools(request, LIST, FoundUnitTable, form),
    }  # fmt: skip


def _branch(user: Any, unit: UnionUnit, after: str) -> dict[str, Any]:
    return {"above": unit_ancestors(user, unit), "under": unit, **_level(user, unit, after)}


def _level(user: Any, unit: UnionUnit, after: str) -> dict[str, Any]:
    rows = units_below(user, unit).order_by("path")
    if after:
        rows = rows.filter(path__gt=after)
    found = list(rows[: LEVEL_SHOWN + 1])
    has_more = len(found) > LEVEL_SHOWN
    return {
        "unit": unit,
        "branches": forest(found[:LEVEL_SHOWN]),
        "more_after": found[LEVEL_SHOWN - 1].path if has_more else "",
    }


@desk(P.VIEW_ORGANISATION)
def unit_children(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the next level of the tree, or its next units, as a fragment."""
    user = staff(request)
    unit = get_object_or_404(UnionUnit.objects.visible_to(user), pk=pk)
    form = TreeForm(request.GET, user=user)
    after = form.cleaned_data["after"] if form.is_valid() else ""
    template = "members/_unit_rows.html" if after else "members/_unit_branches.html"
    return render(request, template, _level(user, unit, after))


@desk(P.VIEW_ORGANISATION)
def unit_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a unit: where it stands, how it is, whom it covers, how many members by group."""
    return _unit_page(request, seen_unit(request, pk))


@desk(post=P.MANAGE_ORGANISATION)
def unit_establish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a unit is established, with its day."""
    rows = UnionUnit.objects.visible_to(staff(request), P.MANAGE_ORGANISATION)
    unit: UnionUnit = get_object_or_404(rows, pk=pk)
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


def _unit_page(
    request: HttpRequest, unit: UnionUnit, establish_form: UnitDayForm | None = None
) -> HttpResponse:
    user = staff(request)
    counts = group_counts(user, unit) if has_permission(user, P.VIEW_MEMBERS) else []
    children = list(units_below(user, unit)[:BELOW_SHOWN])
    framed = frame(request, unit, "unit-detail")
    context = {
        **framed,
        "table": UnitTable(children, request=request, empty=Empty(_("No units below this one"))),
        "has_more": unit.numchild > len(children),
        "coverages": unit.coverages.select_related("employer").order_by("-started_on", "pk")[
            :EMPLOYERS_SHOWN
        ],
        "counts": counts,
        "recorded": sum(row["members"] for row in counts),
        "health": health_of(unit, timezone.localdate()),
        "establish_form": establish_form or UnitDayForm(),
        "may_establish": framed["may_reorganise"] and unit.status == UnitStatus.PREPARING,
        "may_move": bool(counts) and has_permission(user, P.APPROVE_APPLICATION),
        "may_enrol": unit.takes_members and not unit.is_external and has_permission(user, P.ENROL),
    }
    return render(
        request, "members/unit_detail.html", context, status=400 if establish_form else 200
    )
