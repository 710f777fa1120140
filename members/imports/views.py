"""Pages of the imports: templates, upload, columns, progress, preview, result, undo."""

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

from members.imports import actions, queries, template, texts
from members.imports.checking import look
from members.imports.columns import title_of
from members.imports.forms import ColumnsForm, RegistryForm, RosterForm
from members.imports.places import learnt_titles
from members.models import HeaderAlias, ImportBatch
from members.states import ImportKind, ImportState
from members.views.shared import staff
from unionportal.core import files, reveal
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.models import User
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.spreadsheets import SpreadsheetError
from unionportal.core.spreadsheets.headers import title_key
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

MOST_AT_ONCE = 5_000  # rows that a page gives back itself; more is a job
ENROL, LOAD = Permission.ENROL, Permission.LOAD_REGISTRY
BY_NUMBER = Keyset("number")
NEWEST = Keyset("-created_at", "-pk")
PAGES = {
    ImportState.MAPPING: "members/import_columns.html",
    ImportState.UPLOADED: "members/import_progress.html",
    ImportState.PREVIEWED: "members/import_preview.html",
    ImportState.WRITING: "members/import_progress.html",
    ImportState.DONE: "members/import_result.html",
    ImportState.UNDOING: "members/import_progress.html",
    ImportState.UNDONE: "members/import_undone.html",
    ImportState.FAILED: "members/import_closed.html",
    ImportState.CANCELLED: "members/import_closed.html",
}
MOVING = (ImportState.UPLOADED, ImportState.WRITING, ImportState.UNDOING)
WITH_ROWS = (ImportState.PREVIEWED, ImportState.DONE, ImportState.UNDONE)


def _mine(request: HttpRequest, pk: UUID) -> ImportBatch:
    batches = queries.imports_of(staff(request)).select_related(
        "unit", "employer", "default_group", "file", "signed_list", "job", "created_by",
        "confirmed_by", "undone_by", "continues",
    )  # fmt: skip
    return get_object_or_404(batches, pk=pk)


@desk(get=ENROL)
def import_list(request: HttpRequest) -> HttpResponse:
    """List the files uploaded for one's units, newest first."""
    user = staff(request)
    batches = queries.imports_of(user).select_related("unit", "employer", "created_by")
    context = {
        "page": NEWEST.page(batches, request),
        "may_load": has_permission(user, LOAD),
    }
    return render(request, "members/import_list.html", context)


@desk(get=ENROL)
def import_template(request: HttpRequest) -> HttpResponse:
    """Give the empty roster form as .xlsx."""
    return attachment_response(template.empty_form(), files.XLSX, f"{_('roster')}.xlsx")


@desk(get=LOAD)
def register_template(request: HttpRequest) -> HttpResponse:
    """Give the empty form of a register as .xlsx."""
    content = template.empty_form(ImportKind.REGISTRY)
    return attachment_response(content, files.XLSX, f"{_('register')}.xlsx")


@desk(get=LOAD, post=LOAD)
def import_register(request: HttpRequest) -> HttpResponse:
    """Take a register of members; another person confirms it."""
    form = RegistryForm(request.POST or None, request.FILES or None, user=staff(request))
    if request.method == "POST" and form.is_valid():
        return submit_once(request, lambda: _upload(request, form))
    return _upload_page(request, form)


@desk(get=ENROL, post=ENROL)
def import_new(request: HttpRequest) -> HttpResponse:
    """Take a roster; whatever is wrong with the file is said in the form and nothing is kept."""
    form = RosterForm(request.POST or None, request.FILES or None, user=staff(request))
    if request.method == "POST" and form.is_valid():
        return submit_once(request, lambda: _upload(request, form))
    return _upload_page(request, form)


def _upload_page(request: HttpRequest, form: RosterForm) -> HttpResponse:
    is_register = form.kind == ImportKind.REGISTRY
    context = {
        "form": form,
        "is_register": is_register,
        "title": _("Load a register") if is_register else _("Upload a roster"),
        "template": "members:register-template" if is_register else "members:import-template",
    }
    return render(request, "members/import_upload.html", context, status=form.status)


@desk(get=ENROL)
def import_titles(request: HttpRequest) -> HttpResponse:
    """List the column titles that were named once and are known since."""
    rows = HeaderAlias.objects.visible_to(staff(request)).select_related("unit", "created_by")
    page = NEWEST.page(rows, request)
    titles = [(alias, title_of(alias.field)) for alias in page.rows]
    return render(request, "members/import_titles.html", {"page": page, "titles": titles})


@desk(post=ENROL)
def title_forget(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget what a title means; the next file that has it asks again."""
    alias = get_object_or_404(HeaderAlias.objects.visible_to(staff(request)), pk=pk)
    actions.forget_title(by=staff(request), alias=alias)
    messages.success(request, _("Forgotten. The next file with this title asks again."))
    return redirect("members:import-titles")


def _upload(request: HttpRequest, form: RosterForm) -> str:
    data = form.cleaned_data
    batch, is_new = actions.upload(
        by=staff(request),
        unit=data["unit"],
        roster=data["file"],
        employer=form.employer_found,
        default_group=data["default_group"],
        signed_list=data["signed_list"],
        kind=form.kind,
        reported=data["reported"],
    )
    if batch.state == ImportState.MAPPING:
        messages.info(request, _("Some columns were not recognised. Say once what they hold."))
    elif is_new:
        text = ngettext(
            "File uploaded: %(count)d row.", "File uploaded: %(count)d rows.",
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
    """Show an import: being read, waiting for confirmation, being written, done or undone."""
    batch = _mine(request, pk)
    state = ImportState(batch.state)
    is_moving = state in MOVING
    if request.htmx:  # type: ignore[attr-defined]
        return _progress(request, batch, is_moving=is_moving)
    context = {
        "batch": batch,
        "is_broken": is_moving and not (batch.job and batch.job.is_open),
        "continued_by": batch.continued_by.order_by("created_at").first(),
    }
    if state == ImportState.MAPPING:
        context["form"] = ColumnsForm(batch=batch)
    if state in WITH_ROWS:
        context |= _rows(request, batch)
    return render(request, PAGES[state], context)


@desk(post=ENROL)
def import_columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take what the columns of a file hold, and start reading it."""
    batch = _mine(request, pk)
    form = ColumnsForm(request.POST, batch=batch)
    if form.is_valid() and (rows := _count(form, batch)) is not None:
        actions.name_columns(by=staff(request), batch=batch, named=form.named, rows=rows)
        messages.success(
            request, _("The columns are known from now on for files of %(unit)s.")
            % {"unit": batch.unit.name},
        )  # fmt: skip
        return redirect(batch)
    context = {"batch": batch, "form": form}
    return render(request, PAGES[ImportState.MAPPING], context, status=400)


def _count(form: ColumnsForm, batch: ImportBatch) -> int | None:
    """Return the rows of the file read as the form says, None with an error in the form."""
    learnt = learnt_titles(batch.unit) | {
        title_key(title): field for title, field in form.named.items()
    }
    try:
        looked = look(files.open_content(batch.file), batch.file.name, batch.kind, learnt)
    except SpreadsheetError as error:
        form.add_error(None, error.message)
        return None
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return None
    return looked.upload.rows


def _progress(request: HttpRequest, batch: ImportBatch, *, is_moving: bool) -> HttpResponse:
    """Answer the page that asks how far it is; when that is over, have it open anew."""
    if is_moving and batch.job and batch.job.is_open:
        return render(request, "members/import_state.html", {"batch": batch})
    return HttpResponse(headers={"HX-Refresh": "true"})


def _rows(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    tab = request.GET.get("rows") or queries.first_tab(batch)
    if tab not in queries.TABS:
        raise BadRequest(_("There is no such list of rows. Open the import from its start."))
    page = BY_NUMBER.page(queries.rows_of(batch, tab), request)
    work = batch.counts["new"] + batch.counts.get("update", 0)
    return {
        "page": page,
        "rows": queries.shown(page.rows, batch, staff(request)),
        "tabs": _tabs(batch, tab),
        "notes": [texts.note(note["code"], note["params"]) for note in batch.notes],
        "to_correct": sum(batch.counts.get(verdict, 0) for verdict in template.RETURNED),
        "may_download": _may_take_out(batch, staff(request)),
        "undo_until": actions.undo_until(batch),
        "may_undo": timezone.localdate() <= actions.undo_until(batch),
        "is_own": actions.is_own(staff(request), batch),
        "work": work,
        "not_new": batch.counts["rows"] - work,
        "not_written": batch.counts["rows"] - (batch.counts["written"] or 0),
        "three": queries.three_numbers(batch, staff(request)),
        "shown_fields": [(name, title_of(name)) for name in queries.SHOWN[ImportKind(batch.kind)]],
    }


def _tabs(batch: ImportBatch, current: str) -> list[dict[str, Any]]:
    counts = queries.tab_counts(batch)
    return [
        {"label": label, "url": f"?rows={tab}", "count": counts[tab], "current": tab == current}
        for tab, (label, _verdicts) in queries.TABS.items()
        if counts[tab] or tab in {"new", "all", current}
    ]


@desk(post=ENROL)
def import_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start writing what the preview showed; a register waits for a second person."""
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
    """Drop an import that was not written."""
    actions.cancel(by=staff(request), batch=_mine(request, pk))
    messages.success(request, _("The import was dropped. Nothing was written."))
    return redirect("members:import-list")


@desk(post=ENROL)
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start taking back everything an import wrote."""
    batch = _mine(request, pk)

    def run() -> str:
        actions.undo(by=staff(request), batch=batch, reason=request.POST.get("reason", ""))
        messages.success(request, _("Taking the import back. You can leave this page."))
        return batch.get_absolute_url()

    return submit_once(request, run)


@desk(post=ENROL)
def import_rejected(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give back the rows to correct, or all with their results; logged as a reveal."""
    batch = _mine(request, pk)
    user = staff(request)
    if not _may_take_out(batch, user):
        raise NotAllowed(_("Only the person who uploaded the file can take its rows out."))
    if batch.state not in WITH_ROWS:
        return redirect(batch)
    is_whole = request.POST.get("what") == "all"
    if is_whole and batch.counts["rows"] > MOST_AT_ONCE:
        job = actions.give_back(by=user, batch=batch)
        messages.success(request, _("The workbook is being made. Fetch it here when it is ready."))
        return redirect("core:job-detail", job.pk)
    content, count = template.given_back(batch, is_whole=is_whole)
    if not count:
        messages.info(request, _("No row needs correcting."))
        return redirect(batch)
    reason = _("Rows of an import to be corrected")
    reveal.log(batch, by=user, fields=["typed"], reason=reason, row_count=count)
    return attachment_response(content, files.XLSX, template.file_name(is_whole=is_whole))


def _may_take_out(batch: ImportBatch, user: User) -> bool:
    """Say whether `user` uploaded the file, or may see full numbers anyway."""
    return batch.created_by_id == user.pk or has_permission(user, Permission.REVEAL)
