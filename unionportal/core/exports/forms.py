"""What somebody chooses for a file."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from unionportal.core.exports.actions import Wish
from unionportal.core.exports.registry import ExportList
from unionportal.core.models import ExportRequest


class ExportForm(forms.Form):
    """Columns, kind of file, masked or not, what for."""

    query = forms.CharField(max_length=4_000, required=False, widget=forms.HiddenInput)
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-list up-columns"}),
    )
    format = forms.ChoiceField(
        label=_("Kind of file"),
        choices=ExportRequest.Format,
        initial=ExportRequest.Format.XLSX,
        widget=forms.RadioSelect,
    )
    is_unmasked = forms.BooleanField(
        label=_("With full ID and phone numbers"),
        required=False,
        help_text=_("A second person must agree first."),
    )
    reason = forms.CharField(
        label=_("What the file is for"),
        max_length=200,
        required=False,
        help_text=_("Needed for full numbers and for more than 5,000 rows."),
    )

    def __init__(self, *args: Any, source: ExportList, may_reveal: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        shown = [one for one in source.columns if may_reveal or not one.is_guarded]
        cast("forms.MultipleChoiceField", self.fields["columns"]).choices = [
            (one.name, one.title) for one in shown
        ]
        if not may_reveal or not any(one.full for one in source.columns):
            del self.fields["is_unmasked"]

    def wish(self) -> Wish:
        """Return what a valid form asks for; the columns in the list's own order."""
        data = self.cleaned_data
        return Wish(
            list_name=self.source.name,
            columns=[one.name for one in self.source.columns if one.name in data["columns"]],
            query=data["query"],
            format=data["format"],
            is_unmasked=data.get("is_unmasked", False),
            reason=data["reason"],
        )


class RefusalForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)
