"""Forms of cash: what a signed pay list shows."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.fields import ScanField
from unionportal.core.forms import DateInput

PART = re.compile(r"([1-9][0-9]{0,6})(?:\s*[-–—~至到]\s*([1-9][0-9]{0,6}))?")
BETWEEN = re.compile(r"[,;，；、\s]+")
MOST = 5_000


class LinesField(forms.CharField):
    """Line numbers as people write them, "1-20, 23"; cleans to a set of numbers."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"})

    def clean(self, value: Any) -> set[int]:
        text = re.sub(r"\s*([-–—~至到])\s*", r"\1", super().clean(value))
        found: set[int] = set()
        for part in filter(None, BETWEEN.split(text)):
            match = PART.fullmatch(part)
            first = int(match[1]) if match else 0
            last = int(match[2] or first) if match else 0
            if not first or last < first or last - first >= MOST:
                raise forms.ValidationError(
                    _("“%(part)s” is no line. Write 1-20, 23.") % {"part": part[:20]}, code="lines"
                )
            found.update(range(first, last + 1))
        if len(found) > MOST:
            raise forms.ValidationError(_("At most 5,000 lines at once."), code="too_many")
        return found


class ReceiptForm(forms.Form):
    """One scan of signed pages, the lines on them, and who did not come."""

    paid = LinesField(
        label=gettext_lazy("Lines that signed"), help_text=gettext_lazy("For example 1-20, 23"),
        required=False, max_length=2_000,
    )  # fmt: skip
    unpaid = LinesField(
        label=gettext_lazy("Lines that did not come"), required=False, max_length=2_000,
        help_text=gettext_lazy("Their money is kept; they can go on the next list"),
    )  # fmt: skip
    paid_on = forms.DateField(label=gettext_lazy("Day of payment"), widget=DateInput)
    scan = ScanField(label=gettext_lazy("Scan of the signed pay list (PDF, PNG or JPEG)"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paid_on"].initial = timezone.localdate
