"""Forms of programmes, batches and their lines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from benefits.models import Programme
from benefits.states.cards import Transport
from benefits.states.payouts import EntitlementState, Outcome
from members.fields import ScanField
from members.forms import groups_in_use
from members.models import WorkerGroup
from unionportal.core.forms import DateInput, FileInput
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


class ProgrammeForm(forms.Form):
    """A new programme. Amounts are typed in yuan and kept in fen."""

    code = forms.SlugField(
        label=_("Code of the programme"),
        max_length=30,
        help_text=_("Letters, digits and hyphens; never changes"),
    )
    name_zh = forms.CharField(label=_("Chinese name"), max_length=40)
    name_en = forms.CharField(label=_("English name"), max_length=80)
    amount = YuanField(label=_("Amount for each person (yuan)"))
    budget = YuanField(label=_("Budget (yuan)"))
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=WorkerGroup.objects.none(),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )
    window_from = forms.DateField(label=_("First day"), widget=DateInput)
    window_to = forms.DateField(
        label=_("Last day"),
        widget=DateInput,
        help_text=_("The card must be activated and all else met by this day"),
    )
    notice_days = forms.IntegerField(
        label=_("Working days of public notice"), min_value=0, max_value=30, initial=5
    )
    second_approval = YuanField(
        label=_("A second checker from (yuan)"), required=False,
        help_text=_("A batch of this sum or more needs two checkers"),
    )  # fmt: skip
    summary = forms.CharField(
        label=_("Text on the bank statement"), max_length=12, required=False,
        help_text=_("At most 12 characters; the Chinese name if empty"),
    )  # fmt: skip
    transport = forms.ChoiceField(
        label=_("How files go to the bank"), choices=Transport, initial=Transport.FOLDER
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].queryset = groups_in_use()  # type: ignore[attr-defined]
        self.fields["window_from"].initial = timezone.localdate()

    def values(self) -> dict[str, Any]:
        """Return the arguments of `create_programme`."""
        data = dict(self.cleaned_data)
        return {
            **{name: data[name] for name in (
                "code", "name_zh", "name_en", "groups", "window_from", "window_to",
                "notice_days", "summary", "transport",
            )},
            "amount_fen": data["amount"],
            "budget_fen": data["budget"],
            "second_approval_fen": data["second_approval"],
        }  # fmt: skip


class BudgetForm(forms.Form):
    """Another total for a programme's budget."""

    budget = YuanField(label=_("Budget (yuan)"))


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

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].queryset = Programme.objects.visible_to(user)  # type: ignore[attr-defined]


class ResultForm(forms.Form):
    """The bank's answer, brought by hand."""

    file = forms.FileField(
        label=_("File from the bank"),
        widget=FileInput(attrs={"accept": ".txt,text/plain"}),
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
