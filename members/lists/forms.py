"""The search box as a form."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.actions.candidates import person_index
from members.lists import search
from members.models.people import IdType
from members.queries import person_of
from unionportal.core import identifiers
from unionportal.core.crypto import blind_index

PHONE_DIGITS = 11


class SearchForm(forms.Form):
    """Whatever was typed; posted, so that a full number stays out of addresses and logs."""

    q = forms.CharField(
        label=_("Find a member"), max_length=60, error_messages={"required": _("Type something.")}
    )
    # The filters of the list that is searched within, as they stand in its address.
    within = forms.CharField(max_length=2_000, required=False, widget=forms.HiddenInput)

    def clean_q(self) -> str:
        typed = str(self.cleaned_data["q"])
        self.reading = search.read(typed)
        if self.reading.kind == search.Kind.LONG_NUMBER:
            return self._full_number(typed)
        return typed

    def _full_number(self, typed: str) -> str:
        try:
            if len("".join(typed.split())) > 15:
                return identifiers.parse_citizen_id(typed).number
            return identifiers.parse_phone(typed).number
        except identifiers.IdentifierError as error:
            raise ValidationError(error.message, code=error.code) from error

    @property
    def exact(self) -> dict[str, object]:
        """The look-up of a full number by its blind index."""
        number = self.cleaned_data["q"]
        if len(number) == PHONE_DIGITS:
            return {"person__phone_index": blind_index(number, "phone")}
        # A number of a record that was merged leads to the person it was merged into.
        found = person_of(person_index(IdType.CITIZEN, number))
        return {"person": found and found.pk}
