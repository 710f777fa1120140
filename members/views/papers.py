"""Papers of an application on the desk: add one, take a wrong one off."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from members.actions import papers
from members.models import Application, ApplicationFile
from members.papers_forms import PaperForm
from members.views.applications import application_for, application_page
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


@desk(post=P.ENROL)
def file_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a photo, a signature or a paper to an application."""
    application = application_for(request, pk, P.ENROL)
    form = PaperForm(request.POST, request.FILES, auto_id="paper_%s")
    status = 400
    if form.is_valid():
        try:
            return submit_once(request, lambda: _add(request, form, application))
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
    return application_page(request, application, status, paper_form=form)


def _add(request: HttpRequest, form: PaperForm, application: Application) -> str:
    kind, upload = form.cleaned_data["kind"], form.cleaned_data["file"]
    made = papers.add_file(by=staff(request), application=application, kind=kind, upload=upload)
    messages.success(request, _("Added: %(kind)s.") % {"kind": made.get_kind_display()})
    return reverse("members:application-detail", args=[application.pk])


@desk(post=P.ENROL)
def file_drop(request: HttpRequest, pk: UUID, file_pk: UUID) -> HttpResponse:
    """Take a wrong paper off an application."""
    application = application_for(request, pk, P.ENROL)
    rows = ApplicationFile.objects.select_related("application")
    found = get_object_or_404(rows, pk=file_pk, application=application)
    papers.drop_file(by=staff(request), file=found)
    messages.success(request, _("Taken off: %(kind)s.") % {"kind": found.get_kind_display()})
    return redirect("members:application-detail", pk=pk)
