"""What a worker adds on the phone: photo and signature, what a returned application lacked."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members.actions import completion, papers
from members.models import Application
from members.models.files import FileKind
from members.papers_forms import CompleteForm, OwnPapersForm
from members.states import ApplicationState
from unionportal.core import limits
from unionportal.core.accounts import client_ip
from unionportal.core.actors import WORKER_SELF
from unionportal.core.errors import Refused
from unionportal.worker import join_draft as drafts
from unionportal.worker.join import Step, with_code

# Pictures are read and written anew, which costs the server work.
PER_ADDRESS = limits.Limit("papers-address", 120, 3600)
KINDS = {
    "photo": FileKind.PHOTO,
    "signature": FileKind.SIGNATURE,
    "paper": FileKind.APPLICATION_FORM,
}


def _form(request: HttpRequest, form: type[OwnPapersForm]) -> OwnPapersForm:
    return form(request.POST, request.FILES) if request.method == "POST" else form()


@transaction.atomic
def _keep(application: Application, form: OwnPapersForm) -> int:
    """Store what the form holds; return how many files it was."""
    given = {name: upload for name, upload in form.cleaned_data.items() if upload}
    for name, upload in given.items():
        papers.add_file(by=WORKER_SELF, application=application, kind=KINDS[name], upload=upload)
    return len(given)


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
def join_papers(request: HttpRequest, step: Step) -> HttpResponse:
    """Take photo and signature of somebody who has just joined; both may be left out.

    Somebody known here already sees the same pages, so that a stranger learns nothing.
    """
    if not drafts.is_done(request, step.code):
        return step.go("join")
    form, status = _form(request, OwnPapersForm), 200
    if request.method == "POST":
        status = _take(request, form, drafts.sent_ref(request))
        if status == 200:
            messages.success(request, _("Thank you. Your union has everything."))
            return step.go("join-done")
    context = {"form": form, "code": step.code}
    return render(request, "worker/join_papers.html", context, status=status)


def _take(request: HttpRequest, form: OwnPapersForm, ref: str) -> int:
    """Keep what was sent for the application with this ref; return the status of the answer."""
    try:
        limits.require(PER_ADDRESS, client_ip(request))
        if not form.is_valid():
            return 400
        application = Application.objects.filter(client_ref=ref or None).first()
        if application is not None:
            _keep(application, form)
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return refusal.status
    return 200


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def complete(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a returned application lacks, take it and send the application in again."""
    try:
        application = completion.find(token)
    except Refused as refusal:
        context = {"refusal": refusal.message}
        code = 404 if request.method != "POST" else refusal.status
        return render(request, "worker/complete.html", context, status=code)
    form, status = _form(request, CompleteForm), 200
    if request.method == "POST" and application.state == ApplicationState.RETURNED:
        status = _complete(request, form, application)
        if status == 200:
            return render(request, "worker/complete_done.html", {"application": application})
    context = {"application": application, "form": form}
    return render(request, "worker/complete.html", context, status=status)


def _complete(request: HttpRequest, form: OwnPapersForm, application: Application) -> int:
    try:
        limits.require(PER_ADDRESS, client_ip(request))
        if not form.is_valid():
            return 400
        with transaction.atomic():
            _keep(application, form)
            completion.complete(token=str(application.complete_token))
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return refusal.status
    return 200
