"""Forms about employers: the record, headcounts, coverage, links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.actions.employer_links import Guest
from members.actions.employers import Count, EmployerFacts
from members.fields import IdentifierField, LookupChoiceField
from members.forms import ALL, FilterForm, set_choices, top_areas
from members.models import Area, Employer, Industry, Membership, UnionUnit
from members.queries.employers import EmployerFilters, version_of
from members.states import (
    MEMBER_KINDS,
    OPEN_MEMBERSHIP,
    FormationMethod,
    HeadcountSource,
    LinkKind,
    UnionisedState,
    UnitStatus,
)
from unionportal.core import identifiers
from unionportal.core.forms import DateInput
from unionportal.core.models import User
from unionportal.core.roles import Permission

YES_NO = [("", _("All")), ("yes", _("Yes")), ("no", _("No"))]


class YesNoField(forms.TypedChoiceField):
    """A filter that asks for yes, no or both."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label, choices=YES_NO, required=False, empty_value=None,
            coerce=lambda value: value == "yes",
        )  # fmt: skip


class EmployerFilterForm(FilterForm):
    """What the list of employers is narrowed to."""

    q = forms.CharField(label=_("Name or credit code"), max_length=60)
    area = LookupChoiceField(label=_("Area"), queryset=Area.objects.none(), empty_label=_("All"))
    union_state = forms.ChoiceField(label=_("Union"), choices=[ALL, *UnionisedState.choices])
    industry = LookupChoiceField(
        label=_("Industry"), queryset=Industry.objects.filter(section=None), empty_label=_("All")
    )
    ownership = forms.ChoiceField(label=_("Ownership"), choices=[ALL, *Employer.Ownership.choices])
    is_platform_company = YesNoField(_("Platform company"))
    is_operating = YesNoField(_("Operating"))
    has_headcount = YesNoField(_("Headcount known"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        set_choices(self, "area", top_areas(user))

    def filters(self) -> EmployerFilters:
        """Return the filters of a valid form."""
        return EmployerFilters(**self.cleaned_data)


class IndustryField(LookupChoiceField):
    """Sections of GB/T 4754 with their divisions below them."""

    def label_from_instance(self, one: Any) -> str:
        return f"{one.code} {one}" if one.section_id is None else f"　{one.code} {one}"


class EmployerForm(forms.Form):
    """What is recorded of an employer."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Full name of the employer"),
        max_length=120,
        help_text=_("As on its business licence"),
    )
    credit_code = IdentifierField(
        label=_("Credit code"),
        parse=identifiers.parse_credit_code,
        attribute="code",
        max_length=40,
        required=False,
        help_text=_("18 characters: the employer's own, not the union's"),
    )
    area = LookupChoiceField(label=_("Area"), queryset=Area.objects.none())
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    industry = IndustryField(
        label=_("Industry"), queryset=Industry.objects.all(), required=False, empty_label="—"
    )
    ownership = forms.ChoiceField(
        label=_("Ownership"),
        choices=Employer.Ownership,
        initial=Employer.Ownership.PRIVATE,
        widget=forms.Select,
    )
    is_platform_company = forms.BooleanField(label=_("Platform company"), required=False)
    pays_dues = forms.BooleanField(label=_("Pays the union contribution"), required=False)
    is_operating = forms.BooleanField(label=_("Operating"), required=False, initial=True)
    is_preparing_union = forms.BooleanField(label=_("Is preparing a union"), required=False)
    union_elsewhere = forms.CharField(
        label=_("Union elsewhere"),
        max_length=120,
        required=False,
        help_text=_("Where its union is, when that is outside the district: the head office's"),
    )

    def __init__(self, *args: Any, user: User, employer: Employer | None = None, **kwargs: Any):
        if employer is not None:
            kwargs["initial"] = {
                **{name: getattr(employer, name) for name in self.base_fields if name != "version"},
                "version": version_of(employer),
            }
        super().__init__(*args, **kwargs)
        areas = Area.objects.visible_to(user, Permission.ENROL).filter(valid_to=None)
        set_choices(self, "area", areas)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_credit_code(self) -> str:
        code = str(self.cleaned_data["credit_code"])
        if code and identifiers.parse_credit_code(code).is_union:
            raise ValidationError(
                _("This is a union's code (it begins with %(kind)s). Give the employer's own."),
                code="union_code",
                params={"kind": code[:2]},
            )
        return code

    def facts(self) -> EmployerFacts:
        """Return the checked values for the action."""
        values = {name: self.cleaned_data[name] for name in EmployerFacts.__dataclass_fields__}
        return EmployerFacts(**{**values, "credit_code": values["credit_code"] or None})


class HeadcountForm(forms.Form):
    """How many work there, by whose count."""

    counted_on = forms.DateField(label=_("Counted on"), widget=DateInput)
    employees = forms.IntegerField(label=_("Employees"), min_value=0, max_value=9_999_999)
    women = forms.IntegerField(
        label=_("Of them women"), min_value=0, max_value=9_999_999, required=False
    )
    migrants = forms.IntegerField(
        label=_("Of them migrant workers"), min_value=0, max_value=9_999_999, required=False
    )
    source = forms.ChoiceField(label=_("Whose count"), choices=HeadcountSource, widget=forms.Select)
    note = forms.CharField(label=_("Note"), max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counted_on"].initial = timezone.localdate()

    def count(self) -> Count:
        """Return the checked values for the action."""
        return Count(**self.cleaned_data)


class NewEmployerForm(EmployerForm):
    """A new employer, with its first headcount when that is known."""

    employees = forms.IntegerField(
        label=_("Employees"),
        min_value=0,
        max_value=9_999_999,
        required=False,
        help_text=_("Leave it empty when nobody has counted: it is never guessed"),
    )
    source = forms.ChoiceField(
        label=_("Whose count"), choices=HeadcountSource, widget=forms.Select, required=False
    )
    # Shown only when there are employers with a like name.
    is_another = forms.BooleanField(label=_("It is none of these: record it"), required=False)

    def first_count(self) -> Count | None:
        """Return the headcount of today, or None when none was given."""
        employees = self.cleaned_data["employees"]
        if employees is None:
            return None
        source = self.cleaned_data["source"] or HeadcountSource.VISIT
        return Count(counted_on=timezone.localdate(), employees=employees, source=source)


class CoverageForm(forms.Form):
    """Which unit covers the employer, formed how, since when."""

    unit = LookupChoiceField(label=_("Union unit"), queryset=UnionUnit.objects.none())
    method = forms.ChoiceField(
        label=_("How it was formed"), choices=FormationMethod, widget=forms.Select
    )
    started_on = forms.DateField(label=_("From"), widget=DateInput)

    def __init__(self, *args: Any, user: User, employer: Employer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = UnionUnit.objects.visible_to(user, Permission.MANAGE_ORGANISATION)
        units = units.filter(kind__in=MEMBER_KINDS, is_external=False)
        # Nearby units only: a whole district has thousands.
        near = Area.objects.filter(path__startswith=employer.area.path[: 2 * Area.steplen])
        units = units.filter(area__in=near.order_by().values("pk"))
        set_choices(self, "unit", units.exclude(status=UnitStatus.DISSOLVED).order_by("name"))
        self.fields["started_on"].initial = timezone.localdate()


class EndForm(forms.Form):
    """The first day something no longer holds, and why."""

    ended_on = forms.DateField(label=_("Ends on"), widget=DateInput)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ended_on"].initial = timezone.localdate()


def find_employer(user: User, text: str) -> Employer | None:
    """Return the employer in `user`'s reach with this full name or credit code; None for "".

    Raises `ValidationError` when there is none.
    """
    if not (text := text.strip()):
        return None
    rows = Employer.objects.visible_to(user).filter(merged_into=None)
    found = rows.filter(credit_code=text.upper()).first() or rows.filter(name=text).first()
    if found is None:
        raise ValidationError(
            _("No employer has this name or code here. Copy it from the list of employers."),
            code="unknown",
        )
    return found


class MergeForm(forms.Form):
    """Which employer this one is a double of."""

    keep = forms.CharField(
        label=_("The employer to keep"),
        max_length=120,
        help_text=_(
            "Full name or credit code. Members, unions, headcounts and links go over to it; "
            "this cannot be taken back."
        ),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_keep(self) -> Employer | None:
        return find_employer(self.user, str(self.cleaned_data["keep"]))


class LinkForm(forms.Form):
    """Who works under the employer's name: a firm, or a driver, or a vehicle."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=LinkKind, initial=LinkKind.HOSTED, widget=forms.RadioSelect
    )
    affiliate = forms.CharField(
        label=_("Firm"),
        max_length=120,
        required=False,
        help_text=_("Full name or credit code. Empty for a driver or a vehicle."),
    )
    member_no = forms.CharField(
        label=_("Driver's member number"),
        max_length=24,
        required=False,
        help_text=_("Only when the driver is a member"),
    )
    vehicle_plate = IdentifierField(
        label=_("Plate"),
        parse=identifiers.parse_plate,
        attribute="number",
        max_length=20,
        required=False,
    )
    started_on = forms.DateField(label=_("From"), widget=DateInput)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, user: User, employer: Employer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.employer = user, employer
        self.fields["started_on"].initial = timezone.localdate()

    def clean_affiliate(self) -> Employer | None:
        return find_employer(self.user, str(self.cleaned_data["affiliate"]))

    def clean_member_no(self) -> Membership | None:
        number = "".join(str(self.cleaned_data["member_no"]).split()).upper()
        if not number:
            return None
        rows = Membership.objects.visible_to(self.user).filter(state__in=OPEN_MEMBERSHIP)
        found = rows.filter(member_no=number).first()
        if found is None:
            raise ValidationError(_("No member here has this number."), code="unknown")
        return found

    def guest(self) -> Guest:
        """Return who is linked, for the action."""
        return Guest(
            affiliate=self.cleaned_data["affiliate"],
            membership=self.cleaned_data["member_no"],
            vehicle_plate=self.cleaned_data["vehicle_plate"],
        )
