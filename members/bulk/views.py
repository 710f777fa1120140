"""Pages of a change of many: choose, fill in, look, confirm, see, take back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from members.bulk import actions
from members.bulk.forms import FORMS, BulkForm
from members.bulk.queries import changes_of, rows_of, shown_rows
from members.bulk.selection import Selection
from members.bulk.texts import BADGES, DEEDS, NOTES, what_for
from members.models import BulkChange
from members.models.bulk import BulkKind, Finding
from members.states import BulkState
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

DECIDE = Permission.APPROVE_APPLICATION
NEWEST, IN_ORDER = Keyset("-created_at", "-pk"), Keyset("pk")
EXPORT = "export"
MOVING = (BulkState.WRITING, BulkState.UNDOING)
PAGES = {
    BulkState.PREVIEWED: "members/bulk_preview.html",
    BulkState.WRITING: "members/bulk_progress.html",
    BulkState.DONE: "members/bulk_result.html",
    BulkState.UNDOING: "members/bulk_progress.html",
    BulkState.UNDONE: "members/bulk_result.html",
    BulkState.CANCELLED: "members/bulk_cancelled.html",
}


@desk(DECIDE)
def bulk_list(request: HttpRequest) -> HttpResponse:
    """List the changes of many, newest first."""
    page = NEWEST.page(changes_of(staff(request)), request)
    for one in page.rows:
        one.badge = BADGES[BulkState(one.state)]
    return render(request, "members/bulk_list.html", {"page": page})


@desk(post=DECIDE)
@never_cache
def bulk_choose(request: HttpRequest) -> HttpResponse:
    """Ask what a change of the chosen members needs to know, or lead to the file of them."""
    selection = Selection.read(request.POST)
    kind = request.POST.get("kind", "")
    if not selection.is_whole and not selection.ids:
        messages.error(request, _("Pick at least one member."))
        return redirect(f"{reverse('members:member-list')}?{selection.query}")
    if kind == EXPORT:
        return _export(request, selection)
    form = _form_class(kind)(user=staff(request), initial=selection.fields())
    return _form_page(request, form, selection)


def _export(request: HttpRequest, selection: Selection) -> HttpResponse:
    if not has_permission(request.user, Permission.EXPORT):
        raise PermissionDenied
    picked = urlencode({"picked": ",".join(one.hex for one in selection.ids)})
    query = selection.query if selection.is_whole else picked
    return redirect(f"{reverse('core:export-new', args=['members'])}?{query}")


def _form_class(kind: str) -> type[BulkForm]:
    if kind not in FORMS:
        raise Http404
    return FORMS[kind]


@desk(post=DECIDE)
@never_cache
def bulk_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Write down who is meant and show what would become of each."""
    selection = Selection.read(request.POST)
    form, status = _form_class(kind)(request.POST, user=staff(request)), 400
    if form.is_valid():
        try:
            return submit_once(request, lambda: _stage(request, form, selection))
        except Refused as refusal:
            status = refusal.status
            known = refusal.field if refusal.field in form.fields else None
            form.add_error(known, str(refusal.message))
    return _form_page(request, form, selection, status=status)


def _stage(request: HttpRequest, form: BulkForm, selection: Selection) -> str:
    change = actions.stage(by=staff(request), plan=form.plan(), selection=selection)
    return change.get_absolute_url()


def _form_page(
    request: HttpRequest, form: BulkForm, selection: Selection, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "selection": selection,
        "picked": len(selection.ids),
        "kind": form.kind,
        "title": BulkKind(form.kind).label,
        "note": NOTES[form.kind],
        "back": f"{reverse('members:member-list')}?{selection.query}",
    }
    return render(request, "members/bulk_form.html", context, status=status)


def _change(request: HttpRequest, pk: UUID) -> BulkChange:
    return get_object_or_404(changes_of(staff(request)), pk=pk)


@desk(DECIDE)
@never_cache
def bulk_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a change: what it would do, how far it is, what it did."""
    change = _change(request, pk)
    is_moving = change.state in MOVING
    if request.htmx:  # type: ignore[attr-defined]
        if is_moving and change.job and change.job.is_open:
            return render(request, "members/bulk_state.html", {"change": change})
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {
        "change": change,
        "what": what_for(change),
        "badge": BADGES[BulkState(change.state)],
        "deed": DEEDS[change.kind],
        "is_broken": is_moving and not (change.job and change.job.is_open),
        "fit": change.found.get(Finding.FIT, 0),
        "left_out": sum(change.found.values()) - change.found.get(Finding.FIT, 0),
        "not_found": max(0, change.asked - sum(change.found.values())),
        "undo_until": actions.undo_until(change),
        "is_undoable": actions.is_undoable(change),
        "now": timezone.now(),
    }
    if not is_moving and change.state != BulkState.CANCELLED:
        context |= _rows(request, change)
    return render(request, PAGES[BulkState(change.state)], context)


def _rows(request: HttpRequest, change: BulkChange) -> dict[str, Any]:
    tabs = _tabs(change)
    wanted = request.GET.get("rows") or next(iter(tabs), Finding.FIT)
    if wanted not in tabs and wanted != Finding.FIT:
        raise BadRequest(_("There is no such list of rows. Open the change from its start."))
    rows = rows_of(staff(request), change)
    rows = rows.exclude(kept="") if wanted == "kept" else rows.filter(finding=wanted)
    return {
        "tabs": [
            {"label": label, "count": count, "url": f"?rows={name}", "current": name == wanted}
            for name, (label, count) in tabs.items()
        ],
        "page": IN_ORDER.page(shown_rows(rows), request),
    }


def _tabs(change: BulkChange) -> dict[str, tuple[Any, int]]:
    kept = change.counts.get("kept", 0)
    tabs: dict[str, tuple[Any, int]] = {"kept": (_("Kept"), kept)} if kept else {}
    for finding in Finding:
        if count := change.found.get(finding, 0):
            is_made = finding == Finding.FIT and change.state != BulkState.PREVIEWED
            tabs[finding] = (_("Changed") if is_made else finding.label, count)
    return tabs


@desk(post=DECIDE)
def bulk_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make the change, as a job."""
    change = _change(request, pk)

    def run() -> str:
        actions.confirm(by=staff(request), change=change)
        return change.get_absolute_url()

    return submit_once(request, run)


@desk(post=DECIDE)
def bulk_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Drop a change that was only looked at."""
    actions.cancel(by=staff(request), change=_change(request, pk))
    messages.success(request, _("Nothing was changed; the choice was dropped."))
    return redirect("members:member-list")


@desk(post=DECIDE)
def bulk_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the change back for all whom nobody changed since."""
    change = _change(request, pk)

    def run() -> str:
        actions.undo(by=staff(request), change=change, reason=request.POST.get("reason", ""))
        return change.get_absolute_url()

    return submit_once(request, run)
