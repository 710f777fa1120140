"""The drive pages of the desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.states import ApplicationState
from outreach import actions, posters, queries
from outreach.forms import CodeForm, DriveForm, EnrolmentFilter, PatchForm, TargetForm
from outreach.models import Drive, DriveEnrolment, JoinCode, KnownJoin, PatchAssignment
from outreach.states import DriveState
from outreach.tables import EnrolmentTable, KnownTable, PatchTable
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import P, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk


def _drive(request: HttpRequest, pk: UUID, permission: P = P.VIEW_DRIVES) -> Drive:
    drives = Drive.objects.visible_to(request.user, permission).select_related("owner")
    return get_object_or_404(drives, pk=pk)


def _may_manage(request: HttpRequest, drive: Drive) -> bool:
    return Drive.objects.visible_to(request.user, P.MANAGE_DRIVES).filter(pk=drive.pk).exists()


@desk(P.VIEW_DRIVES)
def drive_list(request: HttpRequest) -> HttpResponse:
    drives = Drive.objects.visible_to(request.user)
    state = request.GET.get("state", "")
    if state in DriveState.values:
        drives = drives.filter(state=state)
    page = Keyset("-started_on", "-pk").page(drives.select_related("owner"), request)
    tabs = [{"label": _("All"), "url": "?", "current": state not in DriveState.values}]
    tabs += [
        {"label": label, "url": f"?state={value}", "current": state == value}
        for value, label in DriveState.choices
    ]
    context = {
        "page": page,
        "rows": queries.progress_of(page.rows),
        "tabs": tabs,
        "may_manage": has_permission(request.user, P.MANAGE_DRIVES),
    }
    return render(request, "outreach/drive_list.html", context)


@desk(get=P.MANAGE_DRIVES, post=P.MANAGE_DRIVES)
def drive_new(request: HttpRequest) -> HttpResponse:
    form = DriveForm(_posted(request), user=request.user)

    def run() -> str:
        drive = actions.create_drive(by=request.user, **form.values())
        messages.success(
            request, _("“%(name)s” is prepared. Now set its targets.") % {"name": drive.name}
        )
        return reverse("outreach:target-edit", args=[drive.pk])

    return _submit(request, form, run) or render(
        request, "outreach/drive_form.html", {"form": form}, status=_status(form)
    )


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _submit(request: HttpRequest, form: Any, run: Any) -> HttpResponse | None:
    """Do a valid post once and return its redirect; None = show the form (again)."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return submit_once(request, run)
    except Refused as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, str(refusal.message))
        form.refused_status = refusal.status
        return None


def _status(form: Any) -> int:
    """Return 200 for a page to fill in, 400 for one to correct, or the refusal's own status."""
    if not form.is_bound or not form.errors:
        return 200
    return int(getattr(form, "refused_status", 400))


@desk(P.VIEW_DRIVES)
def drive_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk)
    board = queries.board_of(drive, request.user)
    counts = queries.state_counts(drive, request.user)
    context = {
        "drive": drive,
        "board": board,
        "progress": queries.progress_of([drive])[0],
        "weekly": queries.weekly_average(drive),
        "waiting": counts.get(ApplicationState.SUBMITTED, 0),
        "returned": counts.get(ApplicationState.RETURNED, 0),
        "patches": queries.patches_of(drive),
        "codes": drive.codes.select_related("unit", "area", "drive")
        .annotate(people=Count("enrolments"))
        .order_by("-created_at", "-pk"),
        "known": KnownJoin.objects.filter(join_code__drive=drive).count(),
        "may_manage": _may_manage(request, drive),
        "may_enrol": has_permission(request.user, P.ENROL) and drive.is_running,
        "today": timezone.localdate(),
    }
    return render(request, "outreach/drive_detail.html", context)


@desk(post=P.MANAGE_DRIVES)
def drive_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk, P.MANAGE_DRIVES)
    return _change(
        request, drive, lambda: actions.open_drive(by=request.user, drive=drive),
        _("“%(name)s” is open. Applications in its areas and groups count for it from now on."),
    )  # fmt: skip


@desk(post=P.MANAGE_DRIVES)
def drive_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk, P.MANAGE_DRIVES)
    return _change(
        request, drive, lambda: actions.close_drive(by=request.user, drive=drive),
        _("“%(name)s” has ended. Its codes no longer work."),
    )  # fmt: skip


def _change(request: HttpRequest, drive: Drive, act: Any, done: str) -> HttpResponse:
    try:
        act()
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, done % {"name": drive.name})
    return redirect("outreach:drive-detail", pk=drive.pk)


@desk(get=P.MANAGE_DRIVES, post=P.MANAGE_DRIVES)
def target_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk, P.MANAGE_DRIVES)
    form = TargetForm(_posted(request), drive=drive)

    def run() -> str:
        counts = form.counts()
        actions.set_targets(
            by=request.user, drive=drive, counts=counts, version=form.cleaned_data["version"]
        )
        cells = sum(1 for count in counts.values() if count)
        text = ngettext(
            "One target saved, %(people)s people in all.",
            "%(cells)s targets saved, %(people)s people in all.",
            cells,
        )
        messages.success(request, text % {"cells": cells, "people": f"{sum(counts.values()):,}"})
        return reverse("outreach:drive-detail", args=[drive.pk])

    return _submit(request, form, run) or render(
        request, "outreach/target_form.html", {"form": form, "drive": drive}, status=_status(form)
    )


@desk(get=P.MANAGE_DRIVES, post=P.MANAGE_DRIVES)
def patch_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk, P.MANAGE_DRIVES)
    form = PatchForm(_posted(request), user=request.user, drive=drive)

    def run() -> str:
        patches = actions.assign_patches(by=request.user, drive=drive, **form.values())
        text = ngettext(
            "%(officer)s answers for one area now.",
            "%(officer)s answers for %(count)d areas now.",
            len(patches),
        )
        officer = patches[0].officer.display_name
        messages.success(request, text % {"officer": officer, "count": len(patches)})
        return reverse("outreach:drive-detail", args=[drive.pk])

    return _submit(request, form, run) or render(
        request, "outreach/patch_form.html", {"form": form, "drive": drive}, status=_status(form)
    )


@desk(P.VIEW_DRIVES)
def patch_list(request: HttpRequest) -> HttpResponse:
    patches = PatchAssignment.objects.visible_to(request.user)
    page = Keyset("-started_on", "-pk").page(
        patches.select_related("officer", "area", "drive"), request
    )
    empty = Empty(
        _("Nobody answers for an area yet"), _("Open a drive and assign officers to its areas."),
        reverse("outreach:drive-list"), _("To the drives"),
    )  # fmt: skip
    may_manage = has_permission(request.user, P.MANAGE_DRIVES)
    table = PatchTable(page.rows, request=request, empty=empty)
    if not may_manage:
        table.columns.hide("end")
    return render(request, "outreach/patch_list.html", {"page": page, "table": table})


@desk(post=P.MANAGE_DRIVES)
def patch_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    patches = PatchAssignment.objects.visible_to(request.user, P.MANAGE_DRIVES)
    patch = get_object_or_404(patches.select_related("officer", "area"), pk=pk)
    actions.end_patch(by=request.user, patch=patch)
    messages.success(
        request,
        _("%(officer)s no longer answers for %(area)s.")
        % {"officer": patch.officer.display_name, "area": patch.area.name},
    )
    return redirect("outreach:patch-list")


@desk(get=P.MANAGE_DRIVES, post=P.MANAGE_DRIVES)
def joincode_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    drive = _drive(request, pk, P.MANAGE_DRIVES)
    form = CodeForm(_posted(request), user=request.user, drive=drive)

    def run() -> str:
        code = actions.add_code(by=request.user, drive=drive, **form.cleaned_data)
        messages.success(
            request, _("The code is %(code)s. Print its poster.") % {"code": code.code}
        )
        return reverse("outreach:joincode-poster", args=[code.pk])

    return _submit(request, form, run) or render(
        request, "outreach/joincode_form.html", {"form": form, "drive": drive},
        status=_status(form),
    )  # fmt: skip


def _code(request: HttpRequest, pk: UUID, permission: P = P.VIEW_DRIVES) -> JoinCode:
    codes = JoinCode.objects.visible_to(request.user, permission)
    return get_object_or_404(codes.select_related("drive", "unit", "area"), pk=pk)


@desk(P.VIEW_DRIVES)
def joincode_poster(request: HttpRequest, pk: UUID) -> HttpResponse:
    code = _code(request, pk)
    context = {"code": code, "drive": code.drive, "poster": posters.poster_of(code)}
    return render(request, "outreach/joincode_poster.html", context)


@desk(post=P.MANAGE_DRIVES)
def joincode_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    code = _code(request, pk, P.MANAGE_DRIVES)
    actions.stop_code(by=request.user, code=code)
    messages.success(request, _("The code %(code)s no longer works.") % {"code": code.code})
    return redirect("outreach:drive-detail", pk=code.drive_id)


@desk(P.VIEW_DRIVES)
def enrolment_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List the applications of a drive or of one cell of its board, newest first."""
    drive = _drive(request, pk)
    chosen = EnrolmentFilter(request.GET, drive=drive)
    rows = DriveEnrolment.objects.visible_to(request.user).filter(drive=drive)
    if chosen.is_valid():
        rows = rows.filter(**{name: one for name, one in chosen.cleaned_data.items() if one})
    else:  # everybody would look like an answer
        rows = rows.none()
    rows = rows.select_related("application__unit", "area", "group", "join_code").defer(
        "application__id_number", "application__phone"
    )
    page = Keyset("-created_at", "-pk").page(rows, request)
    empty = Empty(_("Nobody here yet"), _("People appear when their application comes in."))
    table = EnrolmentTable(page.rows, request=request, empty=empty)
    context = {"drive": drive, "page": page, "table": table, "filter": chosen}
    return render(request, "outreach/enrolment_list.html", context, status=_status(chosen))


@desk(P.VIEW_DRIVES)
def known_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List who scanned a code of the drive although known; names only within the own reach."""
    drive = _drive(request, pk)
    page = Keyset("-created_at", "-pk").page(queries.known_joins(drive), request)
    seen = queries.applications_in_reach(page.rows, request.user)
    for row in page.rows:
        row.in_reach = row.application_id in seen
    table = KnownTable(page.rows, request=request, empty=Empty(_("Nobody known scanned a code")))
    context = {"drive": drive, "page": page, "table": table}
    return render(request, "outreach/known_list.html", context)
