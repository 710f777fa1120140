"""What a worker types: name and document, a code, the card's last digits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from unionportal.core import identifiers
from unionportal.core.forms import DigitsInput
from unionportal.core.input_errors import InputError


class StatusForm(forms.Form):
    """Name and ID number, checked for typing errors only."""

    name = forms.CharField(
        label=_("Name"), help_text=_("As on the ID card"), max_length=50,
        error_messages={"required": _("Type your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    id_number = forms.CharField(
        label=_("ID number"), max_length=40,
        help_text=_("18 characters. The last one may be X."),
        error_messages={"required": _("Type the ID number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-union-keep-not": ""}),
    )  # fmt: skip

    def clean_name(self) -> str:
        return str(_read(identifiers.parse_name, self.cleaned_data["name"]).name)

    def clean_id_number(self) -> str:
        return str(_read(identifiers.parse_citizen_id, self.cleaned_data["id_number"]).number)


class CodeForm(forms.Form):
    """The six digits of a text message."""

    code = forms.CharField(
        label=_("Code from the message"), min_length=6, max_length=6,
        help_text=_("Six digits from the message"),
        error_messages={
            "required": _("Type the six digits."),
            "min_length": _("The code has six digits."),
            "max_length": _("The code has six digits."),
        },
        widget=DigitsInput(attrs={"autocomplete": "one-time-code"}),
    )  # fmt: skip


class CardForm(forms.Form):
    """The last six digits of the member card."""

    digits = forms.RegexField(
        r"^[0-9]{6}$",
        label=_("Last six digits of your member card"),
        error_messages={
            "required": _("Type the six digits."),
            "invalid": _("Six digits are needed."),
        },
        widget=DigitsInput(attrs={"autocomplete": "off"}),
    )


class ObjectionForm(forms.Form):
    """What is wrong with a public notice, and a phone for the answer."""

    line = forms.IntegerField(
        label=_("Number on the notice"), required=False, min_value=1, max_value=999_999,
        help_text=_("Empty if it is about the whole notice"),
        widget=DigitsInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    text = forms.CharField(
        label=_("What is wrong, and why"), max_length=500,
        error_messages={"required": _("Write what is wrong.")},
        widget=forms.Textarea(attrs={"rows": 5, "data-union-keep-not": ""}),
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Your mobile number"), max_length=20,
        help_text=_("A code comes to it now, the answer later. The notice never shows it."),
        error_messages={"required": _("Type your mobile number.")},
        widget=DigitsInput(attrs={"autocomplete": "tel", "data-union-keep-not": ""}),
    )  # fmt: skip

    def clean_phone(self) -> str:
        return str(_read(identifiers.parse_phone, self.cleaned_data["phone"]).number)


def _read(parse: Any, value: str) -> Any:
    try:
        return parse(value)
    except InputError as error:
        raise forms.ValidationError(error.message, code=error.code) from None
