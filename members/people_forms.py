"""Forms about one member: record, step of the membership, group, vehicle, correction, consent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members import record, reference
from members.actions.standing import Change
from members.fields import IdentifierField, LookupChoiceField, ScanField
from members.forms import ALL, FilterForm, groups_in_use, set_choices
from members.lists.picker import UnitField
from members.models import DataRequest, UnionUnit, WorkerGroup
from members.models.standing import RetainReason
from members.record import Kind, MemberField
from members.states import RequestState, UnitKind
from unionportal.core import identifiers
from unionportal.core.forms import DateInput
from unionportal.core.input_errors import InputError
from unionportal.core.models import User
from unionportal.core.roles import Permission

NOTHING = ("", "—")
YES_NO = [NOTHING, ("1", _("Yes")), ("0", _("No"))]
SCAN_HELP = _("PDF, PNG or JPEG, at most 25 MB")


class RecordForm(forms.Form):
    """The optional part of the record; built from the list of fields, read by it."""

    version = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, fields: tuple[MemberField, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record_fields = fields
        for one in fields:
            self.fields[one.name] = _form_field(one)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for one in self.record_fields:
            try:
                data[one.name] = record.read(one, data.get(one.name))
            except InputError as error:
                self.add_error(one.name, error.message)
        return data

    def values(self) -> dict[str, Any]:
        """Return the stored values of a valid form."""
        return {one.name: self.cleaned_data[one.name] for one in self.record_fields}


def _form_field(one: MemberField) -> forms.Field:
    common: dict[str, Any] = {"label": one.label, "required": False}
    if one.kind == Kind.DATE:
        help_text = _("Empty: no end (long-term)") if one.name == "id_expires_on" else ""
        return forms.DateField(widget=DateInput, help_text=help_text, **common)
    if one.kind == Kind.DIVISION:
        return forms.CharField(max_length=12, help_text=_("6, 9 or 12 digits"), **common)
    choices = _choices(one)
    if choices is not None:
        return forms.ChoiceField(choices=choices, **common)
    return forms.CharField(max_length=one.max_length or None, **common)


def _choices(one: MemberField) -> Any:
    if one.kind == Kind.YES_NO:
        return YES_NO
    if one.choices is not None:
        return [NOTHING, *one.choices.choices]
    if one.code_list is not None:
        rows = reference.rows(one.code_list.__name__)
        return lambda: [NOTHING, *((row["code"], reference.name_of(row)) for row in rows)]
    return None


def initial_of(fields: tuple[MemberField, ...], membership: Any) -> dict[str, Any]:
    """Return what the record holds now, as the form takes it."""
    values = {one.name: record.stored_value(membership, one) for one in fields}
    return {
        name: {True: "1", False: "0"}[value] if isinstance(value, bool) else value
        for name, value in values.items()
    }


class ChangeForm(forms.Form):
    """One step of a membership. `state` is what the page showed when it was opened."""

    state = forms.CharField(widget=forms.HiddenInput)
    reason_code = forms.ChoiceField(label=_("Why"), choices=RetainReason, widget=forms.RadioSelect)
    day = forms.DateField(label=_("Holds from"), widget=DateInput)
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea)
    evidence = ScanField(label=_("Paper"), help_text=SCAN_HELP)

    DAY_LABELS = {
        "resign": _("Left on"),
        "record_death": _("Died on"),
        "expel": _("Decided on"),
        "move_away": _("Moved on"),
    }
    # Verbs for which a reason must be written; expulsion needs its paper as well.
    WITH_REASON = ("resign", "expel", "annul")

    def __init__(self, *args: Any, verb: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verb = verb
        if verb == "retain":
            self.fields["reason"].label = _("Note")
        else:
            del self.fields["reason_code"]
        self.fields["reason"].required = verb in self.WITH_REASON
        self.fields["evidence"].required = verb == "expel"
        self.fields["day"].label = self.DAY_LABELS.get(verb, _("Holds from"))
        if verb == "move_away":
            self.fields["reason"].label = _("To which union")
        if verb == "expel":
            self.fields["evidence"].label = _("The committee's decision")

    def change(self, evidence: Any) -> Change:
        """Return the step of a valid form."""
        data = self.cleaned_data
        return Change(
            verb=self.verb, day=data["day"], reason=data["reason"].strip(),
            reason_code=data.get("reason_code", ""), evidence=evidence,
        )  # fmt: skip


class GroupForm(forms.Form):
    """The group a member is in from a day on."""

    group = LookupChoiceField(label=_("Group"), queryset=WorkerGroup.objects.none())
    day = forms.DateField(label=_("Holds from"), widget=DateInput)
    plate = IdentifierField(
        label=_("Plate"), parse=identifiers.parse_plate, attribute="number", max_length=20,
        required=False,
        help_text=_("Truck and ride-hailing drivers need one, for example 豫A12345."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "group", groups_in_use())


class VehicleForm(forms.Form):
    """A vehicle from a day on."""

    vehicle_plate = IdentifierField(
        label=_("Plate"), parse=identifiers.parse_plate, attribute="number", max_length=20
    )
    day = forms.DateField(label=_("Since"), widget=DateInput, initial=timezone.localdate)


class CorrectionForm(forms.Form):
    """The right value of a name, a document or a phone, with what proves it."""

    reason = forms.CharField(label=_("What was wrong"), max_length=200)
    evidence = ScanField(label=_("What proves it"), help_text=SCAN_HELP)

    def __init__(self, *args: Any, subject: MemberField, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subject = subject
        value = forms.CharField(
            label=subject.label, max_length=60,
            widget=forms.TextInput(attrs={"autocomplete": "off", "data-union-keep-not": True}),
        )  # fmt: skip
        self.fields = {"value": value, **self.fields}

    def clean_value(self) -> str:
        typed = str(self.cleaned_data["value"])
        if self.subject.kind == Kind.ID_NUMBER:  # the action knows which document it is
            return typed.strip()
        try:
            return str(record.read(self.subject, typed))
        except InputError as error:
            raise ValidationError(error.message, code=error.code) from error


class JoinAgainForm(forms.Form):
    """A former member wishes to join again: the union decides as about anybody."""

    unit = UnitField(label=_("Union unit"), queryset=UnionUnit.objects.none())
    group = LookupChoiceField(label=_("Group"), queryset=WorkerGroup.objects.none())
    vehicle_plate = IdentifierField(
        label=_("Plate"), parse=identifiers.parse_plate, attribute="number", max_length=20,
        required=False,
        help_text=_("Truck and ride-hailing drivers need one, for example 豫A12345."),
    )  # fmt: skip
    evidence = ScanField(label=_("Scan of the signed form"), help_text=SCAN_HELP)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = UnionUnit.objects.visible_to(user, Permission.ENROL).taking_members()
        set_choices(self, "unit", units.filter(is_external=False))
        set_choices(self, "group", groups_in_use())


class ConsentForm(forms.Form):
    """The paper that shows that a person agreed."""

    version = forms.CharField(widget=forms.HiddenInput)
    evidence = ScanField(label=_("Scan of the signed consent"), help_text=SCAN_HELP)


class AnswerForm(forms.Form):
    """What the person reads."""

    answer = forms.CharField(label=_("Answer"), max_length=300, widget=forms.Textarea)

    def __init__(self, *args: Any, verb: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if verb == "refuse":
            self.fields["answer"].label = _("Reason")


class RequestFilterForm(FilterForm):
    """What the list of requests is narrowed to; open ones unless told otherwise."""

    STATES = [*RequestState.choices, ("all", _("All"))]

    state = forms.ChoiceField(label=_("State"), choices=STATES)
    kind = forms.ChoiceField(label=_("Request"), choices=[ALL, *DataRequest.Kind.choices])

    def wanted(self) -> dict[str, str]:
        """Return the conditions of a valid form."""
        state = self.cleaned_data["state"] or RequestState.OPEN
        wanted = {"state": "" if state == "all" else state, "kind": self.cleaned_data["kind"]}
        return {name: value for name, value in wanted.items() if value}


class PoolMoveForm(forms.Form):
    """The union the picked members go to."""

    unit = LookupChoiceField(label=_("To which union"), queryset=UnionUnit.objects.none())
    day = forms.DateField(label=_("Holds from"), widget=DateInput, initial=timezone.localdate)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = UnionUnit.objects.visible_to(user, Permission.APPROVE_APPLICATION)
        taking = units.taking_members().filter(is_external=False)
        set_choices(self, "unit", taking.exclude(kind=UnitKind.HOLDING_POOL))
