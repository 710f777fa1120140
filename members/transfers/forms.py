"""Forms of transfers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.fields import IdentifierField, ScanField
from members.forms import EmployerByName, FilterForm, set_choices
from members.lists.picker import UnitField
from members.models import Employer, UnionUnit
from members.models.people import IdType
from members.transfers.queries import find_unit
from unionportal.core import identifiers
from unionportal.core.forms import DateInput
from unionportal.core.models import User
from unionportal.core.roles import Permission

VIEWS = [
    ("answer", _("To answer")),
    ("asked", _("Asked by us")),
    ("closed", _("Closed")),
    ("all", _("All")),
]


class TransferFilterForm(FilterForm):
    """Which transfers the list shows."""

    view = forms.ChoiceField(choices=VIEWS)


class AskForm(EmployerByName, forms.Form):
    """What every request has: why, and how the member's wish is known."""

    CONSENTS = [
        ("ask", _("Ask the member by text message")),
        ("paper", _("The member signed a wish to move; I upload its scan")),
    ]

    reason = forms.CharField(label=_("Why"), max_length=200, required=False)
    consent = forms.ChoiceField(
        label=_("The member's yes"), choices=CONSENTS, widget=forms.RadioSelect, initial="ask"
    )
    paper = ScanField(
        label=_("Scan of the signed wish"),
        required=False,
        help_text=_("PDF, PNG or JPEG, at most 25 MB"),
    )
    field_order: list[str] | None = None

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.employer_found: Employer | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        is_paper = data.get("consent") == "paper"
        if is_paper and not data.get("paper") and "paper" not in self.errors:
            self.add_error("paper", _("Add the scan, or ask the member by text message."))
        if not is_paper:
            data["paper"] = None
        return data


class PullForm(AskForm):
    """A member of some union in the district is to come to one's own."""

    name = IdentifierField(
        label=_("Full name"), parse=identifiers.parse_name, attribute="name", max_length=60
    )
    id_type = forms.ChoiceField(label=_("Document"), choices=IdType, initial=IdType.CITIZEN)
    id_number = forms.CharField(
        label=_("ID number"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-union-keep-not": True}),
    )
    unit = UnitField(label=_("New union"), queryset=UnionUnit.objects.none())
    employer = forms.CharField(
        label=_("New employer"),
        max_length=120,
        required=False,
        help_text=_("Full name or credit code. Empty: the firm this union covers."),
    )
    field_order = ["name", "id_type", "id_number", "unit", "employer", "reason"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        units = UnionUnit.objects.visible_to(user, Permission.ENROL).taking_members()
        set_choices(self, "unit", units.filter(is_external=False))

    def clean_id_number(self) -> str:
        typed = str(self.cleaned_data["id_number"])
        if self.data.get(self.add_prefix("id_type")) != IdType.CITIZEN:
            return typed
        try:
            return identifiers.parse_citizen_id(typed, minimum_age=None).number
        except identifiers.IdentifierError as error:
            raise ValidationError(error.message, code=error.code) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.employer_found = self.find_employer(data)
        return data


class PushForm(AskForm):
    """A member of one's own union goes to another, inside the district or outside."""

    PLACES = [("inside", _("A union of this district")), ("outside", _("A union outside"))]

    place = forms.ChoiceField(
        label=_("Where to"), choices=PLACES, widget=forms.RadioSelect, initial="inside"
    )
    destination = forms.CharField(
        label=_("New union"), max_length=120, help_text=_("Full name, or its credit code")
    )
    field_order = ["place", "destination", "reason"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.unit_found: UnionUnit | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        name = data.get("destination", "")
        if data.get("place") == "inside" and name:
            self.unit_found, near = find_unit(name)
            if self.unit_found is None:
                self.add_error("destination", unknown_unit(near))
        return data


def unknown_unit(near: list[str]) -> Any:
    """Say that no unit is called so, with the names that come near."""
    if not near:
        return _("No union that takes members has this name or code in the district.")
    return _("No union has exactly this name. Did you mean: %(names)s?") % {
        "names": "、".join(near)
    }


class ConsentPaperForm(forms.Form):
    """The member's yes on paper."""

    paper = ScanField(
        label=_("Scan of the signed wish"), help_text=_("PDF, PNG or JPEG, at most 25 MB")
    )


class AcceptForm(forms.Form):
    """The other side's yes; a union outside sends a letter."""

    moves_on = forms.DateField(label=_("The membership moves on"), widget=DateInput)
    paper = ScanField(
        label=_("Letter of the other union"),
        required=False,
        help_text=_("PDF, PNG or JPEG, at most 25 MB"),
    )

    def __init__(self, *args: Any, needs_letter: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_letter:
            del self.fields["paper"]
