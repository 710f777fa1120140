"""Forms of programmes, batches and their lines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from benefits.models import Programme
from benefits.states.payouts import EntitlementState, Outcome
from members.fields import ScanField
from unionportal.core.forms import FileInput
from unionportal.core.input_errors import InputError
from unionportal.core.money import parse_yuan

ALL = ("", _("All"))


class YuanField(forms.CharField):
    """An amount typed in yuan; cleans to whole fen, None when left empty. Nothing is rounded."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_yuan(text.replace(",", ""))
        except InputError as error:
            raise forms.ValidationError(error.message, code=error.code) from error


class BudgetForm(forms.Form):
    """Another total for a programme's budget; a higher one says what for."""

    mark_optional = False
    budget = YuanField(label=_("Budget (yuan)"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed when it becomes more: another person agrees by it"),
    )


class ReasonForm(forms.Form):
    """Why something is stopped."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class EntitlementFilter(forms.Form):
    """What the list of rights shows."""

    mark_optional = False
    programme = forms.ModelChoiceField(
        label=_("Programme"),
        queryset=Programme.objects.none(),
        required=False,
        empty_label=_("All"),
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[ALL, *EntitlementState.choices], required=False
    )
    review = forms.BooleanField(label=_("Only those a person must look at"), required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].queryset = Programme.objects.visible_to(user)  # type: ignore[attr-defined]


class ResultForm(forms.Form):
    """The bank's answer, brought by hand."""

    file = forms.FileField(
        label=_("File from the bank"),
        widget=FileInput(attrs={"accept": ".txt,.csv,text/plain,text/csv"}),
        help_text=_("As the bank gave it; do not open and save it"),
    )


class SettleForm(forms.Form):
    """How a line ended, by a document."""

    outcome = forms.ChoiceField(label=_("What the document shows"), widget=forms.RadioSelect)
    note = forms.CharField(label=_("In words"), max_length=200)
    document = ScanField(label=_("Document (PDF, PNG or JPEG)"))

    def __init__(self, *args: Any, possible: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value, label) for value, label in Outcome.choices if value in possible]
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]


class DifferenceForm(forms.Form):
    """How a difference of the daily match ends."""

    note = forms.CharField(label=_("What you found out"), max_length=200)
    document = ScanField(label=_("Document (PDF, PNG or JPEG)"))

    def __init__(self, *args: Any, needs_document: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_document:
            del self.fields["document"]


class ObjectionAnswerForm(forms.Form):
    """What the union answers to an objection."""

    refused_status = 400
    answer = forms.CharField(
        label=_("Answer"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is texted to who objected. Name nobody in it."),
    )  # fmt: skip
