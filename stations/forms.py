"""Forms of the service-point pages; the actions decide, the forms explain."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Area, Employer
from stations.actions import PointFacts
from stations.models import WEEKDAYS, HolidayHours, ServicePoint, clock
from stations.rules import Span, WeekSpan, join_spans, overlapping, read_clock, split_spans
from stations.states import (
    BuildMode,
    EntryWay,
    Facility,
    HolidayRule,
    PointKind,
    PointState,
)
from unionportal.core.forms import DateInput, TimeInput
from unionportal.core.geo import Datum, GeoError, refuse_impossible
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.models import User

PHONE = RegexValidator(r"\A\+?[0-9][0-9 -]{4,18}\Z", gettext_lazy("Write the number in digits."))
FACTS = (
    "kind", "name", "area", "address", "lon", "lat", "datum", "build_mode", "host_name", "is_24h",
    "holiday_rule", "entry_way", "entry_note", "phone", "manager_name", "checked_on", "plaque_no",
    "plaque_on",
)  # fmt: skip


class ClockField(forms.CharField):
    """A clock time as minutes after midnight; 24:00 is the end of the day."""

    widget = TimeInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=5, **kwargs)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        minute = read_clock(text)
        if minute is None:
            raise forms.ValidationError(_("Write a clock time such as 08:30."))
        return minute

    def run_validators(self, value: Any) -> None:
        """The reading above is the check; the text validators expect text."""


class PointFilterForm(forms.Form):
    """What the list is cut down to."""

    mark_optional = False
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("All"))]
    )
    area = forms.ModelChoiceField(
        label=gettext_lazy("Area"),
        required=False,
        queryset=Area.objects.none(),
        empty_label=gettext_lazy("All"),
    )
    state = forms.ChoiceField(
        choices=[("", ""), *PointState.choices], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All")), *PointKind.choices]  # type: ignore[attr-defined]
        self.fields["area"].queryset = _areas(user, Permission.VIEW_STATIONS)  # type: ignore[attr-defined]


def _areas(user: User, permission: Permission) -> Any:
    today = timezone.localdate()
    return Area.objects.visible_to(user, permission).exclude(valid_to__lte=today)


class PointForm(forms.Form):
    """Everything recorded of a point, with its week of hours."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=PointKind.choices, widget=forms.RadioSelect,
        initial=PointKind.OUTDOOR_STATION,
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    area = forms.ModelChoiceField(
        label=gettext_lazy("Area"), queryset=Area.objects.none(), empty_label=gettext_lazy("Choose")
    )
    address = forms.CharField(
        label=gettext_lazy("Street address"),
        max_length=200,
        help_text=gettext_lazy("So that a courier finds the door."),
    )
    lon = forms.DecimalField(
        label=gettext_lazy("Longitude"),
        max_digits=9,
        decimal_places=6,
        help_text=gettext_lazy("Such as 113.725300"),
    )
    lat = forms.DecimalField(
        label=gettext_lazy("Latitude"),
        max_digits=9,
        decimal_places=6,
        help_text=gettext_lazy("Such as 34.720400"),
    )
    datum = forms.ChoiceField(
        label=gettext_lazy("Where the numbers come from"),
        choices=Datum.choices,
        initial=Datum.GCJ02,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Each map counts differently; a wrong choice moves the point by 600 metres."
        ),
    )
    build_mode = forms.ChoiceField(
        label=gettext_lazy("Built how"), choices=BuildMode.choices, initial=BuildMode.SHARED,
        widget=forms.RadioSelect,
    )  # fmt: skip
    host_name = forms.CharField(label=gettext_lazy("Host"), max_length=120, required=False)
    host_code = forms.CharField(
        label=gettext_lazy("Host's credit code"), max_length=18, required=False,
        help_text=gettext_lazy("18 characters; links the point to the firm on record."),
    )  # fmt: skip
    facilities = forms.MultipleChoiceField(
        label=gettext_lazy("What is there"), choices=Facility.choices, required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-segment"}),
    )  # fmt: skip
    is_24h = forms.BooleanField(label=gettext_lazy("Open 24 hours, every day"), required=False)
    holiday_rule = forms.ChoiceField(
        label=gettext_lazy("Public holidays"),
        choices=HolidayRule.choices,
        initial=HolidayRule.SUNDAY,
    )
    entry_way = forms.ChoiceField(
        label=gettext_lazy("How one gets in"), choices=EntryWay.choices, initial=EntryWay.OPEN,
        widget=forms.RadioSelect,
    )  # fmt: skip
    entry_note = forms.CharField(
        label=gettext_lazy("Note on getting in"), max_length=120, required=False,
        help_text=gettext_lazy("Such as: the code is on the door"),
    )  # fmt: skip
    phone = forms.CharField(
        label=gettext_lazy("Phone of the point"), max_length=20, required=False, validators=[PHONE],
        help_text=gettext_lazy("Workers see and call this number."),
    )  # fmt: skip
    manager_name = forms.CharField(
        label=gettext_lazy("Who looks after it"), max_length=50, required=False
    )
    checked_on = forms.DateField(
        label=gettext_lazy("Last checked on site"), widget=DateInput, required=False
    )
    plaque_no = forms.CharField(label=gettext_lazy("Plaque number"), max_length=40, required=False)
    plaque_on = forms.DateField(
        label=gettext_lazy("Plaque put up on"), widget=DateInput, required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["area"].queryset = _areas(user, Permission.RECORD_STATION)  # type: ignore[attr-defined]
        for day, name in WEEKDAYS:
            for n in (1, 2):
                words = {"day": name, "n": n}
                self.fields[f"d{day}_opens{n}"] = ClockField(
                    label=_("%(day)s, opens (%(n)d)") % words
                )
                self.fields[f"d{day}_closes{n}"] = ClockField(
                    label=_("%(day)s, closes (%(n)d)") % words
                )

    @property
    def grid(self) -> list[dict[str, Any]]:
        """The week's rows: the day's name and its four time fields."""
        names = ("opens1", "closes1", "opens2", "closes2")
        return [
            {"day": name, "cells": [self[f"d{day}_{part}"] for part in names]}
            for day, name in WEEKDAYS
        ]

    def clean_host_code(self) -> Employer | None:
        code = self.cleaned_data["host_code"].strip().upper()
        if not code:
            return None
        host = Employer.objects.visible_to(self.user).filter(credit_code=code).first()
        if host is None:
            raise forms.ValidationError(
                _("No firm with this code in your area. Leave it empty and write the name.")
            )
        return host

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._clean_place(data)
        self._clean_hours(data)
        is_shared = data.get("build_mode") == BuildMode.SHARED and "host_code" in data
        if is_shared and not (data["host_code"] or data.get("host_name")):
            self.add_error("host_name", _("A shared point has a host: write its name."))
        return data

    def _clean_place(self, data: dict[str, Any]) -> None:
        if data.get("lon") is None or data.get("lat") is None:
            return
        try:
            refuse_impossible(float(data["lon"]), float(data["lat"]))
        except GeoError as error:
            self.add_error("lon", error.message)

    def _clean_hours(self, data: dict[str, Any]) -> None:
        typed = []
        for day, name in WEEKDAYS:
            for n in (1, 2):
                opens, closes = data.get(f"d{day}_opens{n}"), data.get(f"d{day}_closes{n}")
                cell = f"d{day}_opens{n}"
                if (opens is None) != (closes is None):
                    if cell not in self.errors and f"d{day}_closes{n}" not in self.errors:
                        self.add_error(cell, _("%s: give both times.") % name)
                elif opens is not None and opens == closes != 0:
                    self.add_error(cell, _("%s: it opens and closes at the same time.") % name)
                elif opens is not None and closes is not None:
                    typed.append(WeekSpan(day, opens, closes))
        week = split_spans(typed)
        bad = overlapping(week)
        if bad is not None:
            self.add_error(
                f"d{bad}_opens1",
                _("%s: two opening times overlap.") % dict(WEEKDAYS)[bad],
            )
        if data.get("is_24h") and typed:
            self.add_error(
                "is_24h", _("Open 24 hours and opening times together: keep one of the two.")
            )
        data["week"] = week

    def facts(self) -> PointFacts:
        """The clean values as the actions take them."""
        data = {name: self.cleaned_data[name] for name in FACTS}
        return PointFacts(**data, host=self.cleaned_data["host_code"])


def initial_of(point: ServicePoint) -> dict[str, Any]:
    """Return the form's values for a recorded point."""
    values = {name: getattr(point, name) for name in FACTS}
    values["host_code"] = point.host.credit_code if point.host else ""
    values["facilities"] = [one.code for one in point.facilities.all()]
    values["version"] = point.version
    spans = [WeekSpan(row.weekday, row.opens, row.closes) for row in point.hours.all()]
    for day, day_spans in join_spans(spans).items():
        for n, span in enumerate(day_spans[:2], start=1):
            values[f"d{day}_opens{n}"] = clock(span.opens)
            values[f"d{day}_closes{n}"] = clock(span.closes % (24 * 60))
    return values


class MoveForm(forms.Form):
    """One step of the path."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    on = forms.DateField(label=gettext_lazy("On which day"), widget=DateInput, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("Needed to reject, suspend or close."),
    )


class RateForm(forms.Form):
    """The stars of an inspection."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    stars = forms.TypedChoiceField(
        label=gettext_lazy("Stars"), coerce=int, empty_value=None, required=False,
        choices=[("", gettext_lazy("None")), (3, "3"), (4, "4"), (5, "5")],
    )  # fmt: skip
    rated_on = forms.DateField(label=gettext_lazy("Rated on"), widget=DateInput, required=False)


class HolidayForm(forms.Form):
    """One day with its own hours."""

    day = forms.DateField(label=gettext_lazy("Day"), widget=DateInput)
    is_closed = forms.BooleanField(label=gettext_lazy("Closed all day"), required=False)
    opens = ClockField(label=gettext_lazy("Opens"))
    closes = ClockField(label=gettext_lazy("Closes"))
    note = forms.CharField(label=gettext_lazy("Note"), max_length=80, required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        opens, closes = data.get("opens"), data.get("closes")
        if data.get("is_closed"):
            if opens is not None or closes is not None:
                self.add_error("is_closed", _("Closed and opening times: keep one of the two."))
            data["spans"] = []
            return data
        if opens is None or closes is None:
            if not self.errors:
                self.add_error("opens", _("Give both times, or tick “closed all day”."))
        elif closes <= opens and closes != 0:
            self.add_error("closes", _("Closing comes after opening, on the same day."))
        data["spans"] = [] if opens is None or closes is None else [Span(opens, closes or 1440)]
        return data


def holidays_ahead(point: ServicePoint, since: dt.date) -> list[HolidayHours]:
    """Return the single days from `since` on, soonest first."""
    return [row for row in point.holidays.all() if row.day >= since]
