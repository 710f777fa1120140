"""Forms of the books."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from unionportal.core.forms import DateInput


class StatementForm(forms.Form):
    """The days of a statement; both may stay empty, both are included."""

    mark_optional = False
    day_from = forms.DateField(label=_("From"), required=False, widget=DateInput)
    day_to = forms.DateField(label=_("To"), required=False, widget=DateInput)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        first, last = data.get("day_from"), data.get("day_to")
        if first and last and last < first:
            self.add_error("day_to", _("The last day is before the first day."))
        return data

    def days(self) -> dict[str, date | None]:
        """Return the days of a valid form."""
        return {name: self.cleaned_data[name] for name in ("day_from", "day_to")}


class StatementExportForm(StatementForm):
    """A statement to take out, and as what."""

    format = forms.ChoiceField(choices=[("xlsx", "xlsx"), ("csv", "csv")])
