"""Lists as files: ask, agree, take."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from unionportal.core.errors import Refused
from unionportal.core.exports import actions, registry
from unionportal.core.exports.forms import ExportForm, RefusalForm
from unionportal.core.exports.queries import exports_of
from unionportal.core.exports.registry import ExportList
from unionportal.core.idempotency import submit_once
from unionportal.core.models import ExportRequest, User
from unionportal.core.models.lists import ExportState
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission
NEWEST_FIRST = Keyset("-requested_at", "-pk")
KINDS = {
    ExportState.WAITING: "wait",
    ExportState.QUEUED: "move",
    ExportState.READY: "ok",
    ExportState.REFUSED: "bad",
}


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


@desk(P.EXPORT)
def export_list(request: HttpRequest) -> HttpResponse:
    """List one's own files and those that wait for one's agreement."""
    page = NEWEST_FIRST.page(exports_of(_user(request)), request)
    for one in page.rows:
        one.title, one.kind = registry.get(one.list_name).title, KINDS[ExportState(one.state)]
    return render(request, "core/export_list.html", {"page": page})


@desk(get=P.EXPORT, post=P.EXPORT)
@never_cache
def export_new(request: HttpRequest, name: str) -> HttpResponse:
    """Choose columns and kind of a file of the list, as its filters narrow it."""
    source = _source(request, name)
    known = {one.name for one in source.columns}
    wanted = [one for one in request.GET.get("columns", "").split(",") if one in known]
    query = request.GET.copy()
    for one in ("after", "before", "size", "order", "columns"):
        query.pop(one, None)
    initial = {"query": query.urlencode(), "columns": wanted or [c.name for c in source.columns]}
    form = ExportForm(
        request.POST or None,
        initial=initial,
        source=source,
        may_reveal=has_permission(request.user, P.REVEAL),
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return submit_once(request, lambda: _request(request, form))
            except Refused as refusal:
                status = refusal.status
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, str(refusal.message))
    return render(request, "core/export_new.html", {"form": form, "source": source}, status=status)


def _source(request: HttpRequest, name: str) -> ExportList:
    if name not in registry.names():
        raise Http404
    source = registry.get(name)
    if not has_permission(request.user, source.permission):
        raise Http404
    return source


def _request(request: HttpRequest, form: ExportForm) -> str:
    made = actions.request(by=_user(request), wish=form.wish())
    if made.state == ExportState.WAITING:
        messages.success(request, _("The request waits for a second person."))
    else:
        messages.success(request, _("The file is being written."))
    return reverse("core:export-detail", args=[made.pk])


@desk(P.EXPORT)
@never_cache
def export_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a request: what is in it, who asked and agreed, the file."""
    return _page(request, _export(request, pk))


@desk(post=P.EXPORT)
def export_approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Agree that the file is written."""
    actions.approve(by=_user(request), export=_export(request, pk))
    messages.success(request, _("You agreed. The file is being written for the person who asked."))
    return redirect("core:export-detail", pk=pk)


@desk(post=P.EXPORT)
def export_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse a file, with the reason."""
    export, form = _export(request, pk), RefusalForm(request.POST)
    if not form.is_valid():
        return _page(request, export, form, status=400)
    actions.refuse(by=_user(request), export=export, reason=form.cleaned_data["reason"])
    messages.success(request, _("The file was refused."))
    return redirect("core:export-list")


@desk(post=P.EXPORT)  # type: ignore[arg-type] # a stream is an answer as well
def export_download(request: HttpRequest, pk: UUID) -> HttpResponse | StreamingHttpResponse:
    """Give the requester the file; it is logged."""
    export = get_object_or_404(
        ExportRequest.objects.select_related("file"), pk=pk, requested_by=request.user
    )
    blocks = actions.download(by=_user(request), export=export)
    assert export.file is not None
    response = StreamingHttpResponse(blocks, content_type=export.file.content_type)
    disposition = content_disposition_header(True, export.file.name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


def _export(request: HttpRequest, pk: UUID) -> ExportRequest:
    user = _user(request)
    mine = ExportRequest.objects.filter(requested_by=user, pk=pk)
    seen = ExportRequest.objects.visible_to(user).filter(pk=pk)
    rows = mine if mine.exists() else seen
    return get_object_or_404(
        rows.select_related("requested_by", "decided_by", "job", "file", "unit"), pk=pk
    )


def _page(
    request: HttpRequest, export: ExportRequest, form: RefusalForm | None = None, status: int = 200
) -> HttpResponse:
    source = registry.get(export.list_name)
    is_own = export.requested_by_id == request.user.pk
    titles = {one.name: one.title for one in source.columns}
    context = {
        "export": export,
        "source": source,
        "kind": KINDS[ExportState(export.state)],
        "titles": [titles[name] for name in export.columns if name in titles],
        "is_own": is_own,
        "decides": export.state == ExportState.WAITING and not is_own,
        "can_take": is_own and export.file is not None and export.file.dropped_at is None,
        "form": form or RefusalForm(),
    }
    return render(request, "core/export_detail.html", context, status=status)
