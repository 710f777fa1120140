"""Forms of the card pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from unionportal.core import files
from unionportal.core.forms import FileInput


class BankFileForm(forms.Form):
    """A file the bank gave somebody by hand."""

    file = forms.FileField(
        label=_("File from the bank"),
        widget=FileInput({"accept": ".txt"}),
        allow_empty_file=True,
        help_text=_("Answers about cards or activations, exactly as the bank made it."),
    )

    def content(self) -> bytes:
        """Return the file's bytes; raise `Refused` when it is empty or too big."""
        return files.read_upload(self.cleaned_data["file"])


class ReasonForm(forms.Form):
    """Why something is done that cannot be undone."""

    reason = forms.CharField(label=_("Reason"), max_length=500)
