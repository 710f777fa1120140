"""Employers: the list, the page, the record, headcounts, coverage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from members import queries
from members.actions import employers
from members.actions.employer_merge import merge
from members.employer_forms import (
    CoverageForm,
    EmployerFilterForm,
    EmployerForm,
    EndForm,
    HeadcountForm,
    MergeForm,
    NewEmployerForm,
)
from members.lists.tools import list_tools, table_of
from members.models import Employer, EmployerCoverage
from members.queries.employers import alike, by_code, employer_list, links_of
from members.queries.history import timeline_of
from members.states import OPEN_MEMBERSHIP
from members.tables import EmployerTable
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
LIST = "employers"


@desk(P.VIEW_ORGANISATION)
def employer_index(request: HttpRequest) -> HttpResponse:
    """List employers by name."""
    form = EmployerFilterForm(request.GET, user=staff(request))
    rows = Employer.objects.none()
    if form.is_valid():
        rows = employer_list(staff(request), form.filters())
    page = Keyset("name", "pk").page(rows, request)
    empty = Empty(_("No employer here"), _("Take a filter away."))
    context = {
        "form": form,
        "page": page,
        "table": table_of(request, LIST, EmployerTable, page.rows, empty=empty),
        **list_tools(request, LIST, EmployerTable, form),
        "may_record": has_permission(request.user, P.ENROL),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "members/employer_list.html", context, status=status)


@desk(P.VIEW_ORGANISATION)
def employer_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an employer: its headcounts, its unions, its members; a double leads to the other."""
    employer = employer_of(request, pk)
    if employer.merged_into_id is not None:
        return redirect("members:employer-detail", pk=employer.merged_into_id)
    user = staff(request)
    members = employer.memberships.filter(state__in=OPEN_MEMBERSHIP)
    context = {
        "employer": employer,
        "coverages": employer.coverages.select_related("unit").order_by("-started_on", "pk"),
        "headcounts": employer.headcounts.order_by("-started_on"),
        **links_of(user, employer),
        "past_areas": employer.past_areas.select_related("area").order_by("-ended_on"),
        "members": members.visible_to(user).count(),
        "floor": queries.HEADCOUNT_FLOOR,
        "may_record": _may(request, P.ENROL, employer),
        "may_manage": has_permission(user, P.MANAGE_ORGANISATION),
        "entries": timeline_of(employer),
    }
    return render(request, "members/employer_detail.html", context)


@desk(get=P.ENROL, post=P.ENROL)
def employer_new(request: HttpRequest) -> HttpResponse:
    """Record an employer; a known code or a like name is shown before anything is written."""
    if request.method != "POST":
        return _new_page(request, NewEmployerForm(user=staff(request)))
    form = NewEmployerForm(request.POST, user=staff(request))
    if not form.is_valid() or _tell_known(request, form):
        return _new_page(request, form, status=400)
    near = alike(staff(request), form.cleaned_data["name"])
    if near and not form.cleaned_data["is_another"]:
        return _new_page(request, form, near=near, status=400)
    try:
        return submit_once(request, lambda: _record(request, form))
    except Refused as refusal:
        _add(form, refusal)
        return _new_page(request, form, status=refusal.status)


def _record(request: HttpRequest, form: NewEmployerForm) -> str:
    made = employers.record_employer(
        by=staff(request), facts=form.facts(), count=form.first_count()
    )
    messages.success(request, _("“%(name)s” is recorded.") % {"name": made.name})
    return reverse("members:employer-detail", args=[made.pk])


def _new_page(
    request: HttpRequest, form: EmployerForm, *, near: list[Employer] | None = None, **more: Any
) -> HttpResponse:
    # Whoever ticked the box sees what they ticked it for.
    near = near or (
        alike(staff(request), form.data.get("name", "")) if form.data.get("is_another") else []
    )
    return render(request, "members/employer_form.html", {"form": form, "near": near}, **more)


def _tell_known(request: HttpRequest, form: EmployerForm, but: Employer | None = None) -> bool:
    """Say in the form that its credit code is recorded already; where only to who may know."""
    code = form.cleaned_data["credit_code"]
    seen, is_there = by_code(staff(request), code) if code else (None, False)
    if not is_there or (but is not None and seen == but):
        return False
    if seen is None:
        text = _("An employer with this code is recorded already. Ask the district office.")
    else:
        text = format_html(
            _("This code belongs to <a href='{}'>{}</a>, which is recorded already."),
            reverse("members:employer-detail", args=[seen.pk]),
            seen.name,
        )
    form.add_error("credit_code", text)
    return True


@desk(get=P.ENROL, post=P.ENROL)
def employer_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what is recorded of an employer."""
    employer = employer_of(request, pk, P.ENROL)
    form = EmployerForm(request.POST or None, user=staff(request), employer=employer)
    status = 200 if request.method != "POST" else 400
    if form.is_valid() and not _tell_known(request, form, but=employer):
        try:
            employers.change_employer(
                by=staff(request), employer=employer, facts=form.facts(),
                version=form.cleaned_data["version"],
            )  # fmt: skip
        except Refused as refusal:
            _add(form, refusal)
            status = refusal.status
        else:
            messages.success(request, _("“%(name)s” is changed.") % {"name": employer.name})
            return redirect("members:employer-detail", pk=pk)
    context = {"form": form, "employer": employer}
    return render(request, "members/employer_form.html", context, status=status)


@desk(get=P.ENROL, post=P.ENROL)
def headcount_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record how many work there."""
    employer = employer_of(request, pk, P.ENROL)
    form = HeadcountForm(request.POST or None)
    page = EmployerStep(request, employer, _("Record a headcount"), _("Record the headcount"))
    return page.answer(form, lambda: _count(request, employer, form))


def _count(request: HttpRequest, employer: Employer, form: HeadcountForm) -> None:
    employers.count_people(by=staff(request), employer=employer, count=form.count())
    messages.success(request, _("The headcount is recorded."))


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def coverage_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say which unit covers the employer."""
    employer = employer_of(request, pk, P.MANAGE_ORGANISATION)
    form = CoverageForm(request.POST or None, user=staff(request), employer=employer)
    page = EmployerStep(
        request, employer, _("Add a union that covers it"), _("Record the coverage")
    )
    return page.answer(form, lambda: _cover(request, employer, form))


def _cover(request: HttpRequest, employer: Employer, form: CoverageForm) -> None:
    made = employers.cover(by=staff(request), employer=employer, **form.cleaned_data)
    messages.success(request, _("“%(unit)s” covers it now.") % {"unit": made.unit.name})


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def coverage_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a coverage with its day and reason."""
    employer_rows = Employer.objects.visible_to(staff(request), P.MANAGE_ORGANISATION)
    rows = EmployerCoverage.objects.filter(employer__in=employer_rows.order_by().values("pk"))
    coverage = get_object_or_404(rows.select_related("employer__area", "unit"), pk=pk)
    form = EndForm(request.POST or None)
    page = EmployerStep(
        request, coverage.employer, _("End the coverage by %s") % coverage.unit.name,
        _("End the coverage"),
    )  # fmt: skip
    return page.answer(form, lambda: _uncover(request, coverage, form))


def _uncover(request: HttpRequest, coverage: EmployerCoverage, form: EndForm) -> None:
    employers.end_coverage(by=staff(request), coverage=coverage, **form.cleaned_data)
    messages.success(request, _("The coverage is ended."))


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def employer_merge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Merge the employer into the one it is a double of."""
    double = employer_of(request, pk, P.MANAGE_ORGANISATION)
    form = MergeForm(request.POST or None, user=staff(request))
    page = EmployerStep(request, double, _("It is a double of another employer"), _("Merge"))
    return page.answer(form, lambda: _merge(request, double, form))


def _merge(request: HttpRequest, double: Employer, form: MergeForm) -> None:
    kept = merge(by=staff(request), double=double, **form.cleaned_data)
    messages.success(request, _("“%(name)s” has all of it now.") % {"name": kept.name})


class EmployerStep:
    """A short form about an employer, on a page of its own."""

    def __init__(self, request: HttpRequest, employer: Employer, title: str, button: str) -> None:
        self.request, self.employer = request, employer
        self.title, self.button = title, button

    def answer(self, form: Form, do: Callable[[], None]) -> HttpResponse:
        """Show the form, or do what it asks and go back to the employer."""
        status = 200 if self.request.method != "POST" else 400
        if form.is_valid():
            try:
                return submit_once(self.request, lambda: self._done(do))
            except Refused as refusal:
                _add(form, refusal)
                status = refusal.status
        context = {
            "form": form, "employer": self.employer, "title": self.title, "button": self.button
        }  # fmt: skip
        return render(self.request, "members/employer_step.html", context, status=status)

    def _done(self, do: Callable[[], None]) -> str:
        do()
        return reverse("members:employer-detail", args=[self.employer.pk])


def _add(form: Form, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))


def employer_of(request: HttpRequest, pk: UUID, permission: Permission | None = None) -> Employer:
    rows = Employer.objects.visible_to(staff(request), permission)
    found: Employer = get_object_or_404(rows.select_related("area", "industry__section"), pk=pk)
    return found


def _may(request: HttpRequest, permission: Permission, employer: Employer) -> bool:
    if not has_permission(request.user, permission):
        return False
    return Employer.objects.visible_to(staff(request), permission).filter(pk=employer.pk).exists()
