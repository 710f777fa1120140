"""What is to be printed."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.certificates.queries import MOST_ON_A_SHEET
from members.forms import set_choices
from members.lists.picker import UnitField, UnitPicker
from members.models import UnionUnit
from unionportal.core.forms import DateInput
from unionportal.core.models import User

NUMBER = re.compile(r"GH\d{8,14}")


class SheetForm(forms.Form):
    """Members of a unit, or a list of member numbers; one on A6 or four on A4."""

    PAPERS = [("a4", _("A4, four to a sheet with cut marks")), ("a6", _("A6, one to a sheet"))]

    paper = forms.ChoiceField(
        label=_("Paper size"), choices=PAPERS, widget=forms.RadioSelect, initial="a4"
    )
    unit = UnitField(
        label=_("Union unit"), queryset=UnionUnit.objects.none(), required=False,
        widget=UnitPicker(purpose="look"),
    )  # fmt: skip
    joined_from = forms.DateField(
        label=_("Joined from"), required=False, widget=DateInput,
        help_text=_("Only the new ones of this unit"),
    )  # fmt: skip
    numbers = forms.CharField(
        label=_("Or member numbers"),
        required=False,
        max_length=8_000,
        widget=forms.Textarea,
        help_text=_("One a line or with commas, at most 200"),
    )
    after = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "unit", UnionUnit.objects.visible_to(user))

    def clean_numbers(self) -> list[str]:
        """Return the numbers as stored, each once."""
        words = re.split(r"[\s,，;；、]+", str(self.cleaned_data["numbers"]).upper())
        joined = _join_groups(words)
        wrong = [word for word in joined if not NUMBER.fullmatch(word)]
        if wrong:
            raise ValidationError(
                _("“%(word)s” is no member number. One looks like GH202600001234.")
                % {"word": wrong[0][:30]},
                code="no_number",
            )
        if len(joined) > MOST_ON_A_SHEET:
            raise ValidationError(
                _("At most %(most)d certificates are printed at once.") % {"most": MOST_ON_A_SHEET},
                code="too_many",
            )
        return joined

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("unit") and not data.get("numbers") and not self.errors:
            self.add_error("unit", _("Choose a unit or give member numbers."))
        return data


def _join_groups(words: list[str]) -> list[str]:
    """Put a number printed in groups (GH 2026 0000 1234) together again."""
    found: list[str] = []
    for word in filter(None, words):
        if found and word.isdigit() and not NUMBER.fullmatch(word):
            found[-1] += word
        else:
            found.append(word)
    return list(dict.fromkeys(found))
