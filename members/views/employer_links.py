"""Links of an employer: firms, drivers and vehicles under its name."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from members.actions import employer_links
from members.employer_forms import EndForm, LinkForm
from members.models import Employer, EmployerLink
from members.views.employers import EmployerStep, employer_of
from members.views.shared import staff
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


@desk(get=P.ENROL, post=P.ENROL)
def link_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Link a firm, a driver or a vehicle to the employer."""
    host = employer_of(request, pk, P.ENROL)
    form = LinkForm(request.POST or None, user=staff(request), employer=host)
    page = EmployerStep(
        request, host, _("Add who works under its name"), _("Record the link")
    )  # fmt: skip
    return page.answer(form, lambda: _link(request, host, form))


def _link(request: HttpRequest, host: Employer, form: LinkForm) -> None:
    employer_links.link(
        by=staff(request), host=host, kind=form.cleaned_data["kind"], guest=form.guest(),
        started_on=form.cleaned_data["started_on"], note=form.cleaned_data["note"],
    )  # fmt: skip
    messages.success(request, _("The link is recorded."))


@desk(get=P.ENROL, post=P.ENROL)
def link_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a link with its day and reason."""
    hosts = Employer.objects.visible_to(staff(request), P.ENROL).order_by().values("pk")
    rows = EmployerLink.objects.filter(host__in=hosts).select_related("host__area")
    row = get_object_or_404(rows, pk=pk)
    form = EndForm(request.POST or None)
    page = EmployerStep(request, row.host, _("End the link"), _("End the link"))
    return page.answer(form, lambda: _unlink(request, row, form))


def _unlink(request: HttpRequest, row: EmployerLink, form: EndForm) -> None:
    employer_links.end_link(by=staff(request), link=row, **form.cleaned_data)
    messages.success(request, _("The link is ended."))
