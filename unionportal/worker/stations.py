"""Where one can rest: the published service points, what is open now, nearest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from members.models import Area
from stations.models import HolidayHours, PointQuerySet, ServicePoint
from stations.pages import week_rows
from stations.queries import local_areas, openings, published
from stations.rules import OpenState
from stations.states import Facility, PointKind
from stations.words import Words, checked_words, is_old_check, opening_words

# What is asked for most, first (domain.md section 7: the national core, then what riders need).
FIRST = (
    Facility.WATER, Facility.MICROWAVE, Facility.TOILET, Facility.REST_SEATS,
    Facility.PHONE_CHARGING, Facility.EBIKE_CHARGING, Facility.FIRST_AID, Facility.PARKING,
    Facility.SHOWER,
)  # fmt: skip
HOLIDAYS_SHOWN = dt.timedelta(days=60)


class StationFilterForm(forms.Form):
    """What a worker looks for."""

    mark_optional = False
    area = forms.ModelChoiceField(
        label=gettext_lazy("Where"), required=False, queryset=Area.objects.none(),
        empty_label=gettext_lazy("The whole district"),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Kind of station"), required=False)
    facility = forms.MultipleChoiceField(
        label=gettext_lazy("What you need"), required=False, choices=Facility.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-segment"}),
    )  # fmt: skip
    open = forms.ChoiceField(choices=[("", ""), ("1", "1")], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = local_areas()  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("All kinds")), *PointKind.choices]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Card:
    """A station as the list shows it."""

    point: ServicePoint
    state: OpenState
    words: Words
    checked: str
    is_old: bool


def _bad_request(request: HttpRequest, name: str) -> HttpResponse:
    reason = _("The list of stations does not know “%(name)s”.") % {"name": name[:40]}
    return render(request, "400.html", {"reason": reason}, status=400)


@require_safe
def station_list(request: HttpRequest) -> HttpResponse:
    """List the published stations by sub-district; open now or opening when."""
    form = StationFilterForm(request.GET)
    wrong = [name for name in request.GET if name not in form.fields]
    if wrong or not form.is_valid():
        return _bad_request(request, (wrong or list(form.errors))[0])
    now = timezone.localtime()
    cards = _cards(list(_matching(published(), form.cleaned_data)), now)
    if form.cleaned_data["open"]:
        cards = [card for card in cards if card.state.is_open]
    chips = [(one.value, one.label, one in form.cleaned_data["facility"]) for one in _chips(form)]
    context = {
        "form": form, "chips": chips, "groups": _by_area(cards), "total": len(cards),
        "open_now": sum(card.state.is_open for card in cards),
        "calendar_known": all(card.state.calendar_known for card in cards),
        "places": [_place(card) for card in cards], "is_filtered": bool(request.GET),
    }  # fmt: skip
    return render(request, "worker/station_list.html", context)


def _chips(form: StationFilterForm) -> list[Facility]:
    chosen = [Facility(code) for code in form.cleaned_data["facility"]]
    return [*FIRST, *(one for one in chosen if one not in FIRST)]


def _matching(points: PointQuerySet, wanted: dict[str, Any]) -> PointQuerySet:
    if wanted["area"]:
        points = points.filter(area__path__startswith=wanted["area"].path)
    if wanted["kind"]:
        points = points.filter(kind=wanted["kind"])
    for code in wanted["facility"]:
        points = points.filter(facilities__code=code)
    return points


def _cards(points: Sequence[ServicePoint], now: dt.datetime) -> list[Card]:
    states = openings(points, now)
    return [
        Card(
            point, states[point.pk], opening_words(states[point.pk], now),
            checked_words(point.checked_on, now.date()),
            is_old_check(point.checked_on, now.date()),
        )
        for point in points
    ]  # fmt: skip


def _by_area(cards: Iterable[Card]) -> list[tuple[str, list[Card]]]:
    """Group the cards (in tree order) by the sub-district, town or park they lie in."""
    areas = {area.path: area.name for area in local_areas()}

    def name_of(card: Card) -> str:
        path = card.point.area.path
        above = (path[:end] for end in range(len(path), 0, -Area.steplen))
        return next((areas[one] for one in above if one in areas), card.point.area.name)

    return [(name, list(group)) for name, group in groupby(cards, key=name_of)]


def _place(card: Card) -> dict[str, Any]:
    return {
        "name": card.point.name,
        "lat": card.point.lat_wgs84,
        "lng": card.point.lon_wgs84,
        "url": reverse("worker:station-detail", args=[card.point.pk]),
        "note": f"{card.words.label} · {card.words.text}",
        "open": card.state.is_open,
    }


@require_safe
def station_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show everything a worker needs to know of one published station."""
    point = get_object_or_404(published().prefetch_related("hours"), pk=pk)
    now = timezone.localtime()
    card = _cards([point], now)[0]
    ahead = (now.date(), now.date() + HOLIDAYS_SHOWN)
    context = {
        "card": card, "point": point, "week": week_rows(point, now.date()),
        "holidays": HolidayHours.objects.filter(point=point, day__range=ahead),
        "places": [_place(card)],
    }  # fmt: skip
    return render(request, "worker/station_detail.html", context)
