"""Applications: enrol by form, list, decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from members import queries
from members.actions import applications
from members.forms import ApplicationFilterForm, DecisionForm, EnrolForm, ReasonForm, ResubmitForm
from members.lists.tools import list_tools, table_of
from members.models import Application
from members.models.files import SINGLE_KINDS, FileKind
from members.papers_forms import PaperForm
from members.queries.history import timeline_of, with_application_past
from members.states import ApplicationState, Confirmation
from members.tables import APPLICATION_KINDS, ApplicationTable, PickApplicationTable
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.transitions import buttons_for
from unionportal.core.views_base import desk

P = Permission
NEWEST_FIRST = Keyset("-submitted_at", "-pk")
OLDEST_FIRST = Keyset("submitted_at", "pk")
MOST_AT_ONCE = 500
LIST = "applications"
NO_PAPERS = (ApplicationState.REJECTED, ApplicationState.WITHDRAWN)


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def enrol(request: HttpRequest) -> HttpResponse:
    """Enrol one person: the form becomes an application."""
    if request.method != "POST":
        form = EnrolForm(user=staff(request), initial={"unit": request.GET.get("unit", "")})
        return render(request, "members/enrol.html", {"form": form})
    form = EnrolForm(request.POST, request.FILES, user=staff(request))
    status = 400
    if form.is_valid():
        try:
            return submit_once(request, lambda: _enrol(request, form))
        except Refused as refusal:
            status = refusal.status
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
    return render(request, "members/enrol.html", {"form": form}, status=status)


def _enrol(request: HttpRequest, form: EnrolForm) -> str:
    by = staff(request)
    scan = form.cleaned_data["evidence"]
    evidence = scan.store(by=by, kind="signed_form") if scan else None
    candidate = form.candidate(evidence, None)
    asks = candidate.confirmation == Confirmation.NONE
    made = applications.submit(by=by, candidate=candidate, ask_by_sms=asks)
    messages.success(request, _("The application of %(name)s was sent in.") % {"name": made.name})
    return reverse("members:application-detail", args=[made.pk])


@desk(P.VIEW_MEMBERS)
def application_list(request: HttpRequest) -> HttpResponse:
    """List applications, waiting ones first of all."""
    form = ApplicationFilterForm(request.GET, user=staff(request))
    rows = Application.objects.none()
    if form.is_valid():
        rows = queries.application_list(staff(request), **form.cleaned_data)
    unit = form.cleaned_data.get("unit") if form.is_valid() else None
    page = (OLDEST_FIRST if unit else NEWEST_FIRST).page(rows, request)
    decides = _decides_here(request, form)
    table = PickApplicationTable if decides else ApplicationTable
    empty = Empty(
        _("No applications here"), _("Everything is decided, or a filter hides the rest.")
    )
    context = {
        "form": form,
        "page": page,
        "table": table_of(request, LIST, table, page.rows, empty=empty),
        **list_tools(request, LIST, ApplicationTable, form),
        "unit": unit,
        "decision": DecisionForm() if decides and page.rows else None,
        "may_enrol": has_permission(request.user, P.ENROL),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "members/application_list.html", context, status=status)


@desk(P.VIEW_MEMBERS)
def application_queues(request: HttpRequest) -> HttpResponse:
    """List the units with open applications, the one that keeps somebody waiting longest first."""
    context = {"queues": queries.application_queues(staff(request)), "today": timezone.localdate()}
    return render(request, "members/application_queues.html", context)


def _decides_here(request: HttpRequest, form: ApplicationFilterForm) -> bool:
    return (
        form.is_valid()
        and form.cleaned_data["state"] == ApplicationState.SUBMITTED
        and has_permission(request.user, P.APPROVE_APPLICATION)
    )


@desk(P.VIEW_MEMBERS)
@never_cache
def application_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an application and what can be decided about it."""
    return application_page(request, application_for(request, pk))


@desk(post=P.APPROVE_APPLICATION)
def application_approve(request: HttpRequest) -> HttpResponse:
    """Record the decision about one or many applications and write the memberships."""
    picked = _picked(request)
    form = DecisionForm(request.POST, request.FILES)
    status = 400
    if not picked:
        form.add_error(None, _("Pick at least one application."))
    elif form.is_valid():
        try:
            return submit_once(request, lambda: _approve(request, form, picked))
        except Refused as refusal:
            status = refusal.status
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
    context = {"form": form, "picked": picked}
    return render(request, "members/application_approve.html", context, status=status)


def _picked(request: HttpRequest) -> list[Application]:
    """Return the picked applications; one that is out of reach is not found."""
    try:
        ids = {UUID(text) for text in request.POST.getlist("ids")}
    except ValueError as error:
        raise Http404 from error
    if len(ids) > MOST_AT_ONCE:
        raise Refused(
            _("At most %(count)d applications are decided at once.") % {"count": MOST_AT_ONCE}
        )
    rows = Application.objects.visible_to(staff(request), P.APPROVE_APPLICATION)
    found = list(
        rows.filter(pk__in=ids).select_related("unit", "group").defer("id_number", "phone")
    )
    if len(found) != len(ids):
        raise Http404
    return found


def _approve(request: HttpRequest, form: DecisionForm, picked: list[Application]) -> str:
    by, data = staff(request), form.cleaned_data
    scan = data["scan"].store(by=by, kind="decision") if data["scan"] else None
    applications.approve(
        by=by,
        applications=picked,
        decided_on=data["decided_on"],
        signer=data["signer"],
        scan=scan,
    )
    text = ngettext(
        "%(count)d application was approved.", "%(count)d applications were approved.", len(picked)
    )
    messages.success(request, text % {"count": len(picked)})
    if len(picked) == 1:
        return reverse("members:application-detail", args=[picked[0].pk])
    return reverse("members:application-list")


@desk(post=P.APPROVE_APPLICATION)
def application_return(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send an application back to be completed, with the reason."""
    done = _("The application was returned.")
    return _with_reason(request, pk, applications.return_, done, "return_form")


@desk(post=P.APPROVE_APPLICATION)
def application_reject(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse an application, with the reason."""
    done = _("The application was not approved.")
    return _with_reason(request, pk, applications.reject, done, "reject_form")


def _with_reason(
    request: HttpRequest, pk: UUID, act: Callable[..., Application], done: str, form_name: str
) -> HttpResponse:
    application = application_for(request, pk, P.APPROVE_APPLICATION)
    form = ReasonForm(request.POST, auto_id=f"{form_name}_%s")
    status = 400
    if form.is_valid():
        try:
            act(by=staff(request), application=application, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, done)
            return redirect("members:application-detail", pk=pk)
    return application_page(request, application, status, **{form_name: form})


@desk(post=P.ENROL)
def application_resubmit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a returned application in again, with the scan that was missing."""
    application = application_for(request, pk, P.ENROL)
    form = ResubmitForm(request.POST, request.FILES)
    status = 400
    if form.is_valid():
        try:
            return submit_once(request, lambda: _resubmit(request, form, application))
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
    return application_page(request, application, status, resubmit_form=form)


def _resubmit(request: HttpRequest, form: ResubmitForm, application: Application) -> str:
    by, scan = staff(request), form.cleaned_data["evidence"]
    evidence = scan.store(by=by, kind="signed_form") if scan else None
    applications.resubmit(by=by, application=application, evidence=evidence)
    messages.success(request, _("The application was sent in again."))
    return reverse("members:application-detail", args=[application.pk])


@desk(post=P.ENROL)
def application_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an application back at the person's wish."""
    application = application_for(request, pk, P.ENROL)
    applications.withdraw(by=staff(request), application=application)
    messages.success(request, _("The application was withdrawn."))
    return redirect("members:application-detail", pk=pk)


def application_for(request: HttpRequest, pk: UUID, permission: P | None = None) -> Application:
    """Return the application, or 404 when it is out of the reader's reach."""
    rows = Application.objects.visible_to(staff(request), permission).select_related(
        "unit", "group", "employer", "area", "decision", "membership", "evidence"
    )
    found: Application = get_object_or_404(rows.defer("id_number", "phone"), pk=pk)
    return found


def _papers(application: Application) -> dict[str, Any]:
    """Return photo and signature (as pictures) and the other papers of an application."""
    rows = application.files.filter(replaced_at=None).select_related("file").order_by("added_at")
    found = list(rows)
    pictures = {one.kind: one for one in found if one.kind in SINGLE_KINDS}
    return {
        "photo": pictures.get(FileKind.PHOTO),
        "signature": pictures.get(FileKind.SIGNATURE),
        "papers": found,
    }


def application_page(
    request: HttpRequest, application: Application, status: int = 200, **forms: Form
) -> HttpResponse:
    """Show an application; `forms` are those that were filled in wrong."""
    application.refresh_from_db(fields=["state", "answer"])
    rights = (P.APPROVE_APPLICATION, P.ENROL)
    held = {right for right in rights if has_permission(request.user, right)}
    context = {
        "application": application,
        "kind_of_state": APPLICATION_KINDS[ApplicationState(application.state)],
        "verbs": buttons_for(application, held),
        "decision": DecisionForm(),
        "return_form": ReasonForm(auto_id="return_form_%s"),
        "reject_form": ReasonForm(auto_id="reject_form_%s"),
        "resubmit_form": ResubmitForm(),
        "paper_form": PaperForm(auto_id="paper_%s"),
        "may_add": P.ENROL in held and application.state not in NO_PAPERS,
        "may_open": has_permission(request.user, P.REVEAL),
        **_papers(application),
        "is_widely_shared": queries.is_widely_shared(application.phone_index),
        "entries": with_application_past(
            timeline_of(application, application.membership), application
        ),
        **forms,
    }
    return render(request, "members/application_detail.html", context, status=status)
