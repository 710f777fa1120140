"""Pages of the rosters: template, upload, progress, preview, result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import RosterImport
from members.roster import actions, queries, template, texts
from members.roster.forms import RosterForm
from members.states import ImportState
from members.views.shared import staff
from unionportal.core import files, reveal
from unionportal.core.errors import NotAllowed
from unionportal.core.idempotency import submit_once
from unionportal.core.models import User
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

ENROL = Permission.ENROL
BY_NUMBER = Keyset("number")
NEWEST = Keyset("-created_at", "-pk")
PAGES = {
    ImportState.UPLOADED: "members/import_progress.html",
    ImportState.PREVIEWED: "members/import_preview.html",
    ImportState.WRITING: "members/import_progress.html",
    ImportState.DONE: "members/import_result.html",
    ImportState.FAILED: "members/import_closed.html",
    ImportState.CANCELLED: "members/import_closed.html",
}


def _mine(request: HttpRequest, pk: UUID) -> RosterImport:
    batches = queries.imports_of(staff(request)).select_related(
        "unit", "employer", "default_group", "file", "signed_list", "job", "created_by"
    )
    return get_object_or_404(batches, pk=pk)


@desk(get=ENROL)
def import_list(request: HttpRequest) -> HttpResponse:
    """List the rosters uploaded for one's units, newest first."""
    batches = queries.imports_of(staff(request)).select_related("unit", "employer", "created_by")
    return render(request, "members/import_list.html", {"page": NEWEST.page(batches, request)})


@desk(get=ENROL)
def import_template(request: HttpRequest) -> HttpResponse:
    """Give the empty roster form as .xlsx."""
    return attachment_response(template.empty_form(), files.XLSX, f"{_('roster')}.xlsx")


@desk(get=ENROL, post=ENROL)
def import_new(request: HttpRequest) -> HttpResponse:
    """Take a roster; whatever is wrong with the file is said in the form and nothing is kept."""
    form = RosterForm(request.POST or None, request.FILES or None, user=staff(request))
    if request.method == "POST" and form.is_valid():
        return submit_once(request, lambda: _upload(request, form))
    return render(request, "members/import_new.html", {"form": form}, status=form.status)


def _upload(request: HttpRequest, form: RosterForm) -> str:
    data = form.cleaned_data
    batch, is_new = actions.upload(
        by=staff(request),
        unit=data["unit"],
        roster=data["file"],
        employer=form.employer_found,
        default_group=data["default_group"],
        signed_list=data["signed_list"],
    )
    if is_new:
        text = ngettext(
            "Roster uploaded: %(count)d row.", "Roster uploaded: %(count)d rows.",
            batch.counts["rows"],
        )  # fmt: skip
        messages.success(request, text % {"count": batch.counts["rows"]})
    else:
        messages.info(
            request,
            _("This file was uploaded for this unit before. Here is what came of it."),
        )
    return batch.get_absolute_url()


@desk(get=ENROL)
def import_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a roster: being read, waiting for confirmation, being written, or done."""
    batch = _mine(request, pk)
    state = ImportState(batch.state)
    is_moving = state in (ImportState.UPLOADED, ImportState.WRITING)
    if request.htmx:  # type: ignore[attr-defined]
        return _progress(request, batch, is_moving=is_moving)
    context = {"batch": batch, "is_broken": is_moving and not (batch.job and batch.job.is_open)}
    if state in (ImportState.PREVIEWED, ImportState.DONE):
        context |= _rows(request, batch)
    return render(request, PAGES[state], context)


def _progress(request: HttpRequest, batch: RosterImport, *, is_moving: bool) -> HttpResponse:
    """Answer the page that asks how far it is; when that is over, have it open anew."""
    if is_moving and batch.job and batch.job.is_open:
        return render(request, "members/import_state.html", {"batch": batch})
    return HttpResponse(headers={"HX-Refresh": "true"})


def _rows(request: HttpRequest, batch: RosterImport) -> dict[str, Any]:
    tab = request.GET.get("rows") or queries.first_tab(batch)
    if tab not in queries.TABS:
        raise BadRequest(_("There is no such list of rows. Open the roster from its start."))
    page = BY_NUMBER.page(queries.rows_of(batch, tab), request)
    return {
        "page": page,
        "rows": queries.shown(page.rows, batch),
        "tabs": _tabs(batch, tab),
        "notes": [texts.note(note["code"], note["params"]) for note in batch.notes],
        "to_correct": sum(batch.counts[verdict] for verdict in template.RETURNED),
        "may_download": _may_take_out(batch, staff(request)),
        "not_new": batch.counts["rows"] - batch.counts["new"],
        "not_written": batch.counts["rows"] - (batch.counts["written"] or 0),
    }


def _tabs(batch: RosterImport, current: str) -> list[dict[str, Any]]:
    counts = queries.tab_counts(batch)
    return [
        {"label": label, "url": f"?rows={tab}", "count": counts[tab], "current": tab == current}
        for tab, (label, _verdicts) in queries.TABS.items()
        if counts[tab] or tab in {"new", "all", current}
    ]


@desk(post=ENROL)
def import_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start writing the new rows."""
    batch = _mine(request, pk)

    def run() -> str:
        job = actions.confirm(by=staff(request), batch=batch)
        text = ngettext(
            "Writing %(count)d row. You can leave this page.",
            "Writing %(count)d rows. You can leave this page.",
            job.total,
        )
        messages.success(request, text % {"count": job.total})
        return batch.get_absolute_url()

    return submit_once(request, run)


@desk(post=ENROL)
def import_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Drop a roster that was not written."""
    actions.cancel(by=staff(request), batch=_mine(request, pk))
    messages.success(request, _("The roster was dropped. Nothing was written."))
    return redirect("members:import-list")


@desk(post=ENROL)
def import_rejected(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give back the rows to correct, with full numbers; logged as a reveal."""
    batch = _mine(request, pk)
    user = staff(request)
    if not _may_take_out(batch, user):
        raise NotAllowed(_("Only the person who uploaded the roster can take its rows out."))
    if batch.state not in (ImportState.PREVIEWED, ImportState.DONE):
        return redirect(batch)
    content, count = template.rows_to_correct(batch)
    if not count:
        messages.info(request, _("No row needs correcting."))
        return redirect(batch)
    reason = _("Rows of a roster to be corrected by the firm")
    reveal.log(batch, by=user, fields=["typed"], reason=reason, row_count=count)
    day = timezone.localdate().isoformat()
    return attachment_response(content, files.XLSX, f"{_('rows-to-correct')}-{day}.xlsx")


def _may_take_out(batch: RosterImport, user: User) -> bool:
    """Say whether `user` uploaded the file, or may see full numbers anyway."""
    return batch.created_by_id == user.pk or has_permission(user, Permission.REVEAL)
