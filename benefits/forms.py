"""Forms of the card pages."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from benefits.models.cards import MemberCardQuerySet
from benefits.states.cards import CardState
from unionportal.core import files
from unionportal.core.forms import FileInput

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
