"""What the coverage page can be asked for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.models import Area, WorkerGroup
from members.queries.coverage import AREA_DEPTH
from unionportal.reports.queries import MONTHS_MAX, Filters, Period, this_month

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


# What the page shows before anybody asked for something.
MONTHS_SHOWN = 12


class MonthField(forms.CharField):
    """A month as YYYY-MM; returns its first day."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            month = dt.date.fromisoformat(f"{text}-01")
        except ValueError:
            raise ValidationError(_("Write the month as 2026-11.")) from None
        if not dt.date(2000, 1, 1) <= month <= this_month():
            raise ValidationError(_("Choose a month from 2000-01 to this month."))
        return month


class CoverageForm(forms.Form):
    """Filters of the coverage page, its API and its xlsx: the same everywhere."""

    mark_optional = False

    month = MonthField(
        label=_("Up to month"), required=False, widget=forms.TextInput(attrs={"type": "month"})
    )
    months = forms.IntegerField(
        label=_("Months"), required=False, min_value=1, max_value=MONTHS_MAX
    )
    area = forms.ModelChoiceField(
        label=_("Area"), queryset=Area.objects.none(), required=False, empty_label=_("All")
    )
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=WorkerGroup.objects.all(), required=False, empty_label=_("All")
    )

    def __init__(self, *args: Any, user: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"month": f"{this_month():%Y-%m}", "months": MONTHS_SHOWN, **self.initial}
        areas = Area.objects.visible_to(user).filter(depth__lte=AREA_DEPTH)
        self.fields["area"].queryset = areas  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        """Return what a valid form asks for; this month alone by default."""
        data = self.cleaned_data
        period = Period.ending(data["month"] or this_month(), data["months"] or 1)
        return Filters(period, data["area"], data["group"].pk if data["group"] else "")
