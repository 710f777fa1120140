"""The questions of the self-join, one group a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import WorkerGroup
from unionportal.core import identifiers
from unionportal.core.forms import DigitsInput
from unionportal.core.input_errors import InputError

NOT_KEPT = {"data-union-keep-not": True, "autocomplete": "off"}


def _read(parse: Callable[[Any], Any], value: str) -> str:
    try:
        checked = parse(value)
    except InputError as error:
        raise forms.ValidationError(error.message, code=error.code) from error
    return str(getattr(checked, "number", None) or checked.name)


class WhoForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), help_text=_("As on your ID card."),
        error_messages={"required": _("Fill in your name")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    id_number = forms.CharField(
        label=_("Your ID number"),
        help_text=_("18 characters, on the ID card or the residence permit. With "
                    "another document, go to the union of your sub-district."),
        error_messages={"required": _("Fill in your ID number")},
        widget=forms.TextInput(attrs={**NOT_KEPT, "autocapitalize": "characters"}),
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Your mobile number"), help_text=_("We text you a code to this number."),
        error_messages={"required": _("Fill in your mobile number")},
        widget=DigitsInput(attrs={"autocomplete": "tel-national", "inputmode": "tel"}),
    )  # fmt: skip

    def clean_name(self) -> str:
        return _read(identifiers.parse_name, self.cleaned_data["name"])

    def clean_id_number(self) -> str:
        return _read(identifiers.parse_citizen_id, self.cleaned_data["id_number"])

    def clean_phone(self) -> str:
        return _read(identifiers.parse_phone, self.cleaned_data["phone"])


class GroupChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: WorkerGroup) -> str:
        return obj.name


class WorkForm(forms.Form):
    group = GroupChoice(
        label=_("What is your work?"),
        help_text=_("With several jobs, choose the one you do most."),
        queryset=WorkerGroup.objects.none(),
        empty_label=None,
        error_messages={
            "required": _("Choose a kind of work"),
            "invalid_choice": _("Choose a kind of work from the list"),
        },
        widget=forms.RadioSelect(attrs={"class": "up-list"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        in_use = WorkerGroup.objects.filter(valid_from__lte=today).exclude(valid_to__lte=today)
        self.fields["group"].queryset = in_use


class VehicleForm(forms.Form):
    plate = forms.CharField(
        label=_("Plate of your vehicle"), help_text=_("Such as 豫A12345."), required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip
    platform_name = forms.CharField(
        label=_("Platform or firm you drive for"), max_length=40, required=False
    )

    def __init__(self, *args: Any, group: WorkerGroup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plate"].required = group.needs_plate
        self.fields["plate"].error_messages["required"] = _("Fill in the plate of your vehicle")

    def clean_plate(self) -> str:
        typed: str = self.cleaned_data["plate"]
        return _read(identifiers.parse_plate, typed) if typed else ""


class AgreeForm(forms.Form):
    wish = forms.BooleanField(
        label=_("I wish to join the trade union. I decide this myself."),
        error_messages={"required": _("Tick that you wish to join")},
    )
    consent = forms.BooleanField(
        label=_("The union may keep my name, ID number, phone and work to manage my membership."),
        help_text=_("The ID number is kept locked and shown to officers in part only. You can take "
                    "this back at any time; the union then closes your membership."),
        error_messages={"required": _("Tick that the union may keep your details")},
    )  # fmt: skip


class SmsCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the message"), help_text=_("Six digits, valid for five minutes."),
        max_length=20, error_messages={"required": _("Fill in the six digits")},
        widget=DigitsInput(attrs={**NOT_KEPT, "autocomplete": "one-time-code", "maxlength": False}),
    )  # fmt: skip

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).replace(" ", "")
        if not (code.isascii() and code.isdigit() and len(code) == 6):
            raise forms.ValidationError(_("The code has six digits. Look at the message again."))
        return code
