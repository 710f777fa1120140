"""A day that is asked about."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from unionportal.core.forms import DateInput


class AsOfForm(forms.Form):
    """Which day."""

    mark_optional = False
    day = forms.DateField(label=gettext_lazy("Members on the day"), widget=DateInput)

    def clean_day(self) -> date:
        """Refuse a day that has not come."""
        day: date = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise ValidationError(_("The day cannot be in the future."))
        return day
