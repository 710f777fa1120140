"""Forms of the pairs: what the list is narrowed to, whose values are taken, why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.forms import FilterForm
from members.merging.people import MERGED, SURVIVOR, choosable
from members.models.duplicates import Evidence
from members.states import PairState

ALL = ("", _("All"))
KEEPS = ("first", "second")


class PairFilterForm(FilterForm):
    """What the list of pairs is narrowed to; those to decide unless told otherwise."""

    state = forms.ChoiceField(choices=PairState.choices)
    evidence = forms.ChoiceField(label=_("Why"), choices=[ALL, *Evidence.choices])

    def clean_state(self) -> str:
        return self.cleaned_data["state"] or PairState.OPEN


class KeepForm(forms.Form):
    """Which of the two records stays."""

    keep = forms.ChoiceField(choices=[(keep, keep) for keep in KEEPS], required=False)

    def clean_keep(self) -> str:
        return self.cleaned_data["keep"] or KEEPS[0]


class MergeForm(KeepForm):
    """Which record stays, whose value of each field, and why."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for choice in choosable():
            # The values stand beside the buttons on the page.
            self.fields[f"take_{choice}"] = forms.ChoiceField(
                choices=[(SURVIVOR, SURVIVOR), (MERGED, MERGED)], required=False
            )

    @property
    def choices(self) -> dict[str, str]:
        """What was chosen, by field."""
        data = getattr(self, "cleaned_data", {})
        return {name: data[f"take_{name}"] for name in choosable() if data.get(f"take_{name}")}
