"""Forms of the card pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from benefits.models.cards import MemberCardQuerySet
from benefits.states.cards import CardState
from unionportal.core import files, identifiers
from unionportal.core.forms import DigitsInput, FileInput
from unionportal.core.input_errors import InputError

LONG_NUMBER = re.compile(r"\d{9}")


class BankFileForm(forms.Form):
    """A file the bank gave somebody by hand."""

    file = forms.FileField(
        label=_("File from the bank"),
        widget=FileInput({"accept": ".txt,.csv"}),
        allow_empty_file=True,
        help_text=_("Answers about cards or activations, exactly as the bank made it."),
    )

    def content(self) -> bytes:
        """Return the file's bytes; raise `Refused` when it is empty or too big."""
        return files.read_upload(self.cleaned_data["file"])


class CardSearchForm(forms.Form):
    """Find cards in the list."""

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("All")), *CardState.choices], required=False
    )
    q = forms.CharField(label=_("Name or last four digits"), max_length=50, required=False)
    file = forms.UUIDField(label=_("Request file"), required=False)

    def clean_q(self) -> str:
        text = str(self.cleaned_data["q"]).strip()
        if LONG_NUMBER.search("".join(text.split())):
            raise forms.ValidationError(
                _("Search by the last four digits: addresses are kept in logs."),
                code="long_number",
            )
        return text

    def narrow(self, rows: MemberCardQuerySet) -> MemberCardQuerySet:
        """Return the rows that fit the valid form."""
        words = self.cleaned_data["q"]
        if words.isascii() and words.isdigit():
            rows = rows.filter(card_tail=words)
        elif words:
            rows = rows.filter(person__name__startswith=words)
        for name, lookup in (("state", "state"), ("file", "request_file_id")):
            if value := self.cleaned_data[name]:
                rows = rows.filter(**{lookup: value})
        return rows


class ReasonForm(forms.Form):
    """Why something is done that cannot be undone."""

    reason = forms.CharField(label=_("Reason"), max_length=500)


class AccountForm(forms.Form):
    """A bank card typed for a member, its number twice."""

    number = forms.CharField(
        label=_("Card number"), max_length=30,
        help_text=_("16 to 19 digits, from the card itself"),
        widget=DigitsInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("Card number again"), max_length=30,
        widget=DigitsInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    holder_name = forms.CharField(
        label=_("Name of the holder"), max_length=50, help_text=_("As the bank has it")
    )

    def clean_number(self) -> str:
        return _number(self.cleaned_data["number"])

    def clean_again(self) -> str:
        return _number(self.cleaned_data["again"])

    def clean_holder_name(self) -> str:
        try:
            return identifiers.parse_name(self.cleaned_data["holder_name"]).name
        except InputError as error:
            raise forms.ValidationError(error.message, code=error.code) from None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if {"number", "again"} <= values.keys() and values["number"] != values["again"]:
            # Neither is shown again: whoever corrects one by the other has typed one number.
            self.data = {**self.data.dict(), "number": "", "again": ""}  # type: ignore[attr-defined]
            self.add_error("again", _("The two numbers differ. Type both anew."))
        return values


def _number(typed: str) -> str:
    try:
        return identifiers.parse_bank_card(typed).number
    except InputError as error:
        raise forms.ValidationError(error.message, code=error.code) from None
