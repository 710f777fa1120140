"""Forms of the members app."""

from __future__ import annotations

import re
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.actions.candidates import Candidate
from members.fields import IdentifierField, LookupChoiceField, ScanField
from members.lists.picker import UnitField, units_for
from members.models import Area, Employer, UnionUnit, WorkerGroup
from members.models.people import IdType
from members.states import (
    ApplicationState,
    Confirmation,
    Source,
)
from unionportal.core import identifiers
from unionportal.core.forms import DateInput, DigitsInput
from unionportal.core.models import User

# Enough digits to be a phone or an ID number: such text must not travel in an address.
LONG_NUMBER = re.compile(r"[0-9]{11}|[0-9]{17}[0-9Xx]")
ALL = ("", _("All"))


def groups_in_use() -> Any:
    """Return the worker groups valid today, in their order."""
    today = timezone.localdate()
    return WorkerGroup.objects.filter(valid_from__lte=today).exclude(valid_to__lte=today)


def top_areas(user: User) -> Any:
    """Return the district's sub-districts, towns and parks `user` may see."""
    return Area.objects.visible_to(user).filter(depth=2, valid_to=None)


def set_choices(form: forms.Form, name: str, rows: Any) -> None:
    """Let the choice field `name` offer `rows`."""
    cast("LookupChoiceField", form.fields[name]).queryset = rows


class EmployerByName:
    """For forms whose `employer` is typed: full name or credit code, within the user's reach."""

    user: User
    employer_field = "employer"

    def find_employer(self, data: dict[str, Any]) -> Employer | None:
        """Return the employer typed, else the only one the unit covers; add what is wrong."""
        text, unit = (data.get("employer") or "").strip(), data.get("unit")
        if not text:
            return only_employer_of(unit) if unit else None
        rows = Employer.objects.visible_to(self.user).filter(merged_into=None)
        found = rows.filter(credit_code=text.upper()).first() or rows.filter(name=text).first()
        if found is None:
            near = list(rows.filter(name__contains=text).values_list("name", flat=True)[:3])
            self.add_error(self.employer_field, _unknown_employer(near))  # type: ignore[attr-defined]
        return found


def _unknown_employer(near: list[str]) -> Any:
    if not near:
        return _("No employer has this name or code here. Copy it from the list of employers.")
    return _("No employer has exactly this name. Did you mean: %(names)s?") % {
        "names": "、".join(near)
    }


class EnrolForm(EmployerByName, forms.Form):
    """One person who wishes to join, on one page."""

    CONFIRMATIONS = [
        (Confirmation.PAPER_FORM, _("The person signed a form; I upload its scan")),
        ("ask", _("Ask the person by text message")),
    ]

    name = IdentifierField(
        label=_("Full name"), parse=identifiers.parse_name, attribute="name", max_length=60
    )
    id_type = forms.ChoiceField(label=_("Document"), choices=IdType, initial=IdType.CITIZEN)
    id_number = forms.CharField(
        label=_("ID number"),
        max_length=30,
        help_text=_("18 characters, as on the card"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-union-keep-not": True}),
    )
    phone = IdentifierField(
        label=_("Mobile phone"),
        parse=identifiers.parse_phone,
        attribute="number",
        max_length=30,
        widget=DigitsInput,
    )
    group = LookupChoiceField(label=_("Group"), queryset=WorkerGroup.objects.none())
    unit = UnitField(
        label=_("Union unit"),
        queryset=UnionUnit.objects.none(),
        help_text=_("No union at the workplace? Choose the holding pool of the sub-district."),
    )
    employer = forms.CharField(
        label=_("Employer"),
        max_length=120,
        required=False,
        help_text=_("Full name or credit code. Empty: the firm this union covers."),
    )
    vehicle_plate = IdentifierField(
        label=_("Plate"),
        parse=identifiers.parse_plate,
        attribute="number",
        max_length=20,
        required=False,
        help_text=_("Truck and ride-hailing drivers need one, for example 豫A12345."),
    )
    platform_name = forms.CharField(label=_("Platform"), max_length=40, required=False)
    confirmation = forms.ChoiceField(
        label=_("Own wish to join"), choices=CONFIRMATIONS, widget=forms.RadioSelect
    )
    evidence = ScanField(
        label=_("Scan of the signed form"),
        required=False,
        help_text=_("PDF, PNG or JPEG, at most 25 MB"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.employer_found: Employer | None = None
        set_choices(self, "unit", units_for(user, "enrol"))
        set_choices(self, "group", groups_in_use())

    def clean_id_number(self) -> str:
        typed = str(self.cleaned_data["id_number"])
        if self.data.get(self.add_prefix("id_type")) != IdType.CITIZEN:
            return typed
        try:
            return identifiers.parse_citizen_id(typed).number
        except identifiers.IdentifierError as error:
            raise ValidationError(error.message, code=error.code) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        group = data.get("group")
        if group and group.needs_plate and not data.get("vehicle_plate"):
            self._complain(
                "vehicle_plate", _("Give the plate of the vehicle: this group needs it.")
            )
        if data.get("confirmation") == Confirmation.PAPER_FORM and not data.get("evidence"):
            self._complain(
                "evidence", _("Add the scan of the signed form, or ask by text message.")
            )
        self.employer_found = self.find_employer(data)
        return data

    def _complain(self, field: str, text: Any) -> None:
        """Add an error unless the field has one already."""
        if field not in self.errors:
            self.add_error(field, text)

    def candidate(self, evidence: Any, client_ref: UUID | None) -> Candidate:
        """Return what the form says, for the action."""
        data = self.cleaned_data
        signed = data["confirmation"] == Confirmation.PAPER_FORM
        return Candidate(
            name=data["name"],
            id_type=data["id_type"],
            id_number=data["id_number"],
            phone=data["phone"],
            group=data["group"],
            unit=data["unit"],
            employer=self.employer_found,
            vehicle_plate=data["vehicle_plate"],
            platform_name=data["platform_name"],
            source=Source.FORM,
            confirmation=Confirmation.PAPER_FORM if signed else Confirmation.NONE,
            evidence=evidence,
            client_ref=client_ref,
        )


def only_employer_of(unit: UnionUnit) -> Employer | None:
    """Return the one employer `unit` covers; None when it covers none or several."""
    rows = Employer.objects.filter(coverages__unit=unit, coverages__ended_on=None)[:2]
    found = list(rows)
    return found[0] if len(found) == 1 else None


class DecisionForm(forms.Form):
    """The grassroots union's decision about the picked applications."""

    decided_on = forms.DateField(label=_("Decided on"), widget=DateInput)
    signer = forms.CharField(
        label=_("Signed by"), max_length=50, help_text=_("Who signed for the grassroots union")
    )
    scan = ScanField(
        label=_("Scan of the decision"),
        help_text=_("The signed minutes or list: PDF, PNG or JPEG, at most 25 MB"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scan"].required = getattr(settings, "REQUIRE_DECISION_SCAN", True)


class ReasonForm(forms.Form):
    """Why something is returned, refused or dissolved."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea)


class ResubmitForm(forms.Form):
    """What a returned application was missing."""

    evidence = ScanField(
        label=_("Scan of the signed form"),
        required=False,
        help_text=_("PDF, PNG or JPEG, at most 25 MB"),
    )


class RevealForm(forms.Form):
    """Which full number, and why."""

    FIELDS = [("id_number", _("ID number")), ("phone", _("Phone"))]

    field = forms.ChoiceField(choices=FIELDS, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=200)


class UnitDayForm(forms.Form):
    """The day a unit was established."""

    day = forms.DateField(label=_("Established on"), widget=DateInput)


class FilterForm(forms.Form):
    """Base of the filters over a list: everything may stay empty, nothing is ignored."""

    mark_optional = False

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for field in self.fields.values():
            field.required = False


class ApplicationFilterForm(FilterForm):
    """What the list of applications is narrowed to; waiting ones unless told otherwise."""

    STATES = [*ApplicationState.choices, ("all", _("All"))]

    state = forms.ChoiceField(label=_("State"), choices=STATES)
    area = LookupChoiceField(label=_("Area"), queryset=Area.objects.none(), empty_label=_("All"))
    group = LookupChoiceField(
        label=_("Group"), queryset=WorkerGroup.objects.all(), empty_label=_("All")
    )
    source = forms.ChoiceField(label=_("Came by"), choices=[ALL, *Source.choices])
    unit = LookupChoiceField(queryset=UnionUnit.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        set_choices(self, "area", top_areas(user))
        set_choices(self, "unit", UnionUnit.objects.visible_to(user))

    def clean_state(self) -> str:
        state = self.cleaned_data["state"] or ApplicationState.SUBMITTED
        return "" if state == "all" else str(state)
