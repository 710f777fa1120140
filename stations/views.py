"""Desk pages of service points."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stations import actions
from stations.forms import (
    HolidayForm,
    MoveForm,
    PointFilterForm,
    PointForm,
    RateForm,
    holidays_ahead,
    initial_of,
)
from stations.models import HolidayHours, ServicePoint
from stations.pages import current_values, done_words, step_buttons, timeline_of, week_rows
from stations.queries import km_from_centre, opening, state_counts
from stations.states import POINT_MACHINE, STATE_KINDS, PointState
from stations.tables import PointTable
from stations.words import opening_words
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
FILTERS = {"kind", "state", "area", "after", "before", "size"}


def _point(request: HttpRequest, pk: UUID) -> ServicePoint:
    rows = ServicePoint.objects.visible_to(request.user).select_related("area", "host")
    return get_object_or_404(rows.prefetch_related("facilities", "hours", "holidays"), pk=pk)


@desk(P.VIEW_STATIONS)
def point_list(request: HttpRequest) -> HttpResponse:
    """List service points by kind, area and state; each state has its own count."""
    form = PointFilterForm(request.GET, user=request.user)  # type: ignore[arg-type]
    if set(request.GET) - FILTERS or not form.is_valid():
        raise BadRequest(_("The list does not know this filter. Open it from its start."))
    rows = ServicePoint.objects.visible_to(request.user).select_related("area")
    chosen = form.cleaned_data
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["area"]:
        rows = rows.filter(area__path__startswith=chosen["area"].path)
    counts = state_counts(rows)
    if chosen["state"]:
        rows = rows.filter(state=chosen["state"])
    page = Keyset("-pk").page(rows, request)
    table = PointTable(page.rows, request=request, empty=_nothing(request))
    context = {
        "form": form, "page": page, "table": table, "tabs": _tabs(request, counts),
        "may_record": has_permission(request.user, P.RECORD_STATION),
    }  # fmt: skip
    return render(request, "stations/point_list.html", context)


def _nothing(request: HttpRequest) -> Empty:
    may = has_permission(request.user, P.RECORD_STATION)
    return Empty(
        _("No service points here"),
        _("Record a place where workers can rest; then it can be applied for."),
        reverse("stations:point-new") if may else "",
        _("Record a service point") if may else "",
    )


def _tabs(request: HttpRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    current = request.GET.get("state", "")
    choices: list[tuple[str, Any, int]] = [("", _("All"), sum(counts.values()))]
    choices += [(s.value, s.label, counts.get(s.value, 0)) for s in PointState]
    found = []
    for value, label, count in choices:
        query = request.GET.copy()
        for name in ("after", "before", "state"):
            query.pop(name, None)
        if value:
            query["state"] = value
        found.append(
            {"label": label, "count": count, "current": value == current,
             "url": f"?{query.urlencode()}"}
        )  # fmt: skip
    return found


@desk(get=P.RECORD_STATION, post=P.RECORD_STATION)
def point_new(request: HttpRequest) -> HttpResponse:
    """Record a service point as a draft."""
    form = PointForm(request.POST or None, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():

        def run() -> str:
            point = actions.record(
                by=request.user,  # type: ignore[arg-type]
                facts=form.facts(),
                facilities=form.cleaned_data["facilities"],
                week=form.cleaned_data["week"],
            )
            messages.success(
                request, _("%(name)s is recorded as %(number)s. Workers do not see it yet.")
                % {"name": point.name, "number": point.number},
            )  # fmt: skip
            _warn_if_far(request, point)
            return reverse("stations:point-detail", args=[point.pk])

        try:
            return submit_once(request, run)
        except Refused as refusal:
            form.add_error(_field(form, refusal), str(refusal.message))
    return render(request, "stations/point_form.html", {"form": form})


@desk(get=P.RECORD_STATION, post=P.RECORD_STATION)
def point_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct what is recorded; a stale form keeps what was typed and shows the difference."""
    point = _point(request, pk)
    if not ServicePoint.objects.visible_to(request.user, P.RECORD_STATION).filter(pk=pk).exists():
        raise Http404
    now = initial_of(point)
    form = PointForm(request.POST or None, initial=now, user=request.user)  # type: ignore[arg-type]
    context: dict[str, Any] = {"form": form, "point": point}
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.edit(
                by=request.user,  # type: ignore[arg-type]
                point=point,
                version=form.cleaned_data["version"] or 0,
                facts=form.facts(),
                facilities=form.cleaned_data["facilities"],
                week=form.cleaned_data["week"],
            )
            messages.success(request, _("%(number)s is corrected.") % {"number": saved.number})
            _warn_if_far(request, saved)
            return redirect("stations:point-detail", pk)
        except Stale as refusal:
            status = refusal.status
            context |= {"stale": refusal.message, "differences": current_values(form, now)}
            # Saving again is then a decision taken with the difference in sight.
            form.data = _with_version(request, point)
        except Refused as refusal:
            form.add_error(_field(form, refusal), str(refusal.message))
    return render(request, "stations/point_form.html", context, status=status)


def _with_version(request: HttpRequest, point: ServicePoint) -> QueryDict:
    """Return what was posted, at the point's present version."""
    data = request.POST.copy()
    data["version"] = str(point.version)
    return data


def _field(form: Any, refusal: Refused) -> str | None:
    return refusal.field if refusal.field in form.fields else None


def _warn_if_far(request: HttpRequest, point: ServicePoint) -> None:
    if km := km_from_centre(point):
        messages.warning(
            request, _("This place is %(km)d km from the middle of the district. Check the "
                       "longitude, the latitude and the map they come from.") % {"km": km},
        )  # fmt: skip


@desk(P.VIEW_STATIONS)
def point_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a point: facts, hours, its path so far, the next steps."""
    return _detail(request, _point(request, pk))


def _detail(
    request: HttpRequest, point: ServicePoint, *, status: int = 200, **forms: Any
) -> HttpResponse:
    now = timezone.localtime()
    start = {"version": point.version}
    may_record = ServicePoint.objects.visible_to(request.user, P.RECORD_STATION)
    context = {
        "point": point,
        "state_kind": STATE_KINDS[PointState(point.state)],
        "steps": step_buttons(request.user, point),
        "entries": timeline_of(point),
        "week": week_rows(point),
        "opening": opening_words(opening(point, now), now),
        "far_km": km_from_centre(point),
        "holidays": holidays_ahead(point, now.date()),
        "may_record": may_record.filter(pk=point.pk).exists(),
        "may_rate": has_permission(request.user, P.ACCEPT_STATION),
        "move_form": MoveForm(initial={**start, "on": now.date()}),
        "holiday_form": HolidayForm(),
        "rate_form": RateForm(
            initial={**start, "stars": point.star_rating, "rated_on": point.star_rated_on}
        ),
        **forms,
    }
    return render(request, "stations/point_detail.html", context, status=status)


@desk(post=P.RECORD_STATION)
def point_move(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Take a step of the path; the right and the area are checked for the verb."""
    point = _point(request, pk)
    if verb not in {step.verb for step in POINT_MACHINE.steps}:
        raise Http404
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _detail(request, point, status=400, move_form=form, asked=verb)
    data = form.cleaned_data
    try:
        moved = actions.move_point(
            by=request.user,  # type: ignore[arg-type]
            point=point, verb=verb, version=data["version"], reason=data["reason"], on=data["on"],
        )  # fmt: skip
    except NotAllowed:
        raise
    except Refused as refusal:
        form.add_error(_field(form, refusal), str(refusal.message))
        form.data = _with_version(request, point)
        return _detail(request, point, status=refusal.status, move_form=form, asked=verb)
    messages.success(request, done_words(moved, verb))
    return redirect("stations:point-detail", pk)


@desk(post=P.ACCEPT_STATION)
def point_rate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write the stars of an inspection."""
    point, form = _point(request, pk), RateForm(request.POST)
    if not form.is_valid():
        return _detail(request, point, status=400, rate_form=form)
    data = form.cleaned_data
    try:
        actions.rate(
            by=request.user,  # type: ignore[arg-type]
            point=point, version=data["version"], stars=data["stars"], on=data["rated_on"],
        )  # fmt: skip
    except NotAllowed:
        raise
    except Refused as refusal:
        form.add_error(_field(form, refusal), str(refusal.message))
        return _detail(request, point, status=refusal.status, rate_form=form)
    messages.success(request, _("The stars of %(name)s are written.") % {"name": point.name})
    return redirect("stations:point-detail", pk)


@desk(post=P.RECORD_STATION)
def holiday_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give one day its own hours, or close it."""
    point, form = _point(request, pk), HolidayForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.set_holiday(
                by=request.user,  # type: ignore[arg-type]
                point=point, day=data["day"], spans=data["spans"], note=data["note"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except Refused as refusal:
            form.add_error(_field(form, refusal), str(refusal.message))
        else:
            words = {"day": data["day"].isoformat()}
            messages.success(request, _("%(day)s has its own hours now.") % words)
            return redirect("stations:point-detail", pk)
    return _detail(request, point, status=400, holiday_form=form)


@desk(post=P.RECORD_STATION)
def holiday_drop(request: HttpRequest, pk: UUID, day_pk: UUID) -> HttpResponse:
    """Let the weekly hours hold again on a day."""
    point = _point(request, pk)
    row = get_object_or_404(HolidayHours.objects.filter(point=point), pk=day_pk)
    actions.drop_holiday(by=request.user, point=point, day=row.day)  # type: ignore[arg-type]
    messages.success(
        request, _("The weekly hours hold again on %(day)s.") % {"day": row.day.isoformat()}
    )
    return redirect("stations:point-detail", pk)
