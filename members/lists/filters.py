"""What the lists of this app are narrowed by: one FilterSet for page, export and API each."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from members.lists import search
from members.models import Area, Employer, Membership, UnionUnit, WorkerGroup
from members.models.people import maybe_twice, transfer_expired, unverified
from members.states import (
    OPEN_MEMBERSHIP,
    Confirmation,
    MembershipState,
    PhoneState,
    Source,
)
from unionportal.core.forms import DateInput

NOT_A_CHOICE = {"invalid_choice": _("Choose one from the list.")}
LONGEST_SEARCH = 60
GAPS = [
    ("wish", _("Own wish not confirmed")),
    ("phone", _("Phone not verified")),
    ("unit", _("Union not established")),
    ("twice", _("Perhaps on file twice")),
    ("transfer", _("Transfer ran out of time")),
]
SEXES = [("1", _("Male")), ("2", _("Female")), ("0", _("Not known"))]
YES_NO = [("yes", _("Yes")), ("no", _("No"))]
READINGS = [("pinyin", _("Pinyin")), ("initials", _("Initials"))]


def visible(model: Any) -> Any:
    """Return the rows of `model` that the reader may see, as choices of a filter."""

    def rows(request: HttpRequest | None) -> QuerySet[Any]:
        if request is None:  # the API's schema is drawn without a reader
            empty: QuerySet[Any] = model.objects.none()
            return empty
        seen: QuerySet[Any] = model.objects.visible_to(request.user)
        return seen

    return rows


def top_areas(request: HttpRequest | None) -> QuerySet[Area]:
    """Return the sub-districts, towns and parks the reader may see."""
    rows: QuerySet[Area] = visible(Area)(request).filter(depth=2)
    return rows


def choice(label: Any, choices: Any, **more: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(
        label=label, choices=choices, empty_label=_("All"), error_messages=NOT_A_CHOICE, **more
    )


def lookup(label: Any, rows: Any, **more: Any) -> filters.ModelChoiceFilter:
    return filters.ModelChoiceFilter(
        label=label, queryset=rows, empty_label=_("All"), error_messages=NOT_A_CHOICE, **more
    )


class ListForm(forms.Form):
    """The form of a filter set: nothing need be given."""

    mark_optional = False


class ListFilter(filters.FilterSet):  # type: ignore[misc]
    """Base of the filters: subtrees of units and areas."""

    @property
    def subject(self) -> Any:
        """The values of a valid form."""
        return self.form.cleaned_data

    def under_unit(self, rows: QuerySet[Any], name: str, unit: UnionUnit) -> QuerySet[Any]:
        units = UnionUnit.objects.filter(path__startswith=unit.path)
        return rows.filter(unit_id__in=units.order_by().values("id"))

    @extend_schema_field(OpenApiTypes.UUID)
    def under_area(self, rows: QuerySet[Any], name: str, area: Area) -> QuerySet[Any]:
        units = UnionUnit.objects.filter(area__path__startswith=area.path)
        return rows.filter(unit_id__in=units.order_by().values("id"))


class MemberForm(ListForm):
    """Also refuses full numbers in an address and a span that ends before it begins."""

    def clean_q(self) -> str:
        text = str(self.cleaned_data["q"])
        if search.read(text).kind == search.Kind.LONG_NUMBER:
            raise ValidationError(
                _(
                    "Full ID and phone numbers do not belong in an address, because addresses are "
                    "kept in logs. Type the number into the search box and press Enter."
                ),
                code="long_number",
            )
        return text

    def clean_picked(self) -> list[UUID]:
        """Read ids joined by commas: rows that were picked on a page."""
        text = self.cleaned_data["picked"]
        try:  # an empty part is a mistake: without any id, everybody would be meant
            return [UUID(one) for one in text.split(",")] if text else []
        except ValueError as error:
            raise ValidationError(_("Pick members on the list."), code="bad_pick") from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("joined_from"), data.get("joined_to")
        if first and last and first > last:
            self.add_error("joined_to", _("The end lies before the beginning."))
        return data


class MemberFilter(ListFilter):
    """What members are narrowed by, on the page, in exports and in the API."""

    q = filters.CharFilter(
        label=_("Search"), method="by_text", max_length=LONGEST_SEARCH, strip=True
    )
    read_as = choice(_("Letters are"), READINGS, method="by_reading")
    unit = lookup(
        _("Union unit"), visible(UnionUnit), method="under_unit", widget=forms.HiddenInput
    )
    area = lookup(_("Area"), top_areas, method="under_area")
    employer = lookup(_("Employer"), visible(Employer), widget=forms.HiddenInput)
    group = lookup(_("Group"), WorkerGroup.objects.all())
    state = choice(_("Membership"), MembershipState.choices)
    confirmation = choice(_("Own wish"), Confirmation.choices)
    phone_state = choice(_("Phone"), PhoneState.choices, field_name="person__phone_state")
    source = choice(_("Came by"), Source.choices)
    qualified = choice(_("Qualified"), YES_NO, method="by_qualified")
    gap = choice(_("Why not qualified"), GAPS, method="by_gap")
    sex = choice(_("Sex"), SEXES, field_name="person__sex")
    age_from = filters.NumberFilter(
        label=_("Age from"), method="by_age_from", min_value=0, max_value=150
    )
    age_to = filters.NumberFilter(label=_("Age to"), method="by_age_to", min_value=0, max_value=150)
    joined_from = filters.DateFilter(
        label=_("Joined from"), field_name="joined_on", lookup_expr="gte", widget=DateInput
    )
    joined_to = filters.DateFilter(
        label=_("Joined to"), field_name="joined_on", lookup_expr="lte", widget=DateInput
    )
    member_no = filters.CharFilter(label=_("Member number"), max_length=20)
    picked = filters.CharFilter(
        label=_("Members"), method="by_pick", max_length=3_500, widget=forms.HiddenInput
    )

    class Meta:
        model = Membership
        form = MemberForm
        fields: tuple[str, ...] = ()

    @property
    def reading(self) -> search.Reading | None:
        """How the typed text was read; None without one."""
        data = self.form.cleaned_data
        return search.read(data["q"], data["read_as"]) if data.get("q") else None

    def by_text(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return rows.filter(search.read(text, self.form.cleaned_data["read_as"]).condition)

    def by_pick(self, rows: QuerySet[Any], name: str, ids: list[UUID]) -> QuerySet[Any]:
        return rows.filter(pk__in=ids)

    def by_reading(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return rows  # a way to read `q`, no filter of its own

    def by_qualified(self, rows: QuerySet[Any], name: str, answer: str) -> QuerySet[Any]:
        if answer == "yes":
            return rows.qualified()  # type: ignore[attr-defined,no-any-return]
        lacking = Q(confirmation=Confirmation.NONE) | ~Q(unit__status="established")
        lacking |= maybe_twice() | transfer_expired()
        # Looked up for the rows a page walks over: an EXISTS beside an OR would first gather
        # everybody whose phone is not verified.
        lacking |= ~Q(person__phone_state=PhoneState.VERIFIED)
        return rows.filter(lacking, state__in=OPEN_MEMBERSHIP)

    def by_gap(self, rows: QuerySet[Any], name: str, gap: str) -> QuerySet[Any]:
        lacking = {
            "wish": Q(confirmation=Confirmation.NONE),
            "phone": unverified(),
            "unit": ~Q(unit__status="established"),
            "twice": maybe_twice(),
            "transfer": transfer_expired(),
        }[gap]
        return rows.filter(lacking, state__in=OPEN_MEMBERSHIP)

    def by_age_from(self, rows: QuerySet[Any], name: str, years: Any) -> QuerySet[Any]:
        return rows.filter(person__birth_date__lte=_birthday(int(years)))

    def by_age_to(self, rows: QuerySet[Any], name: str, years: Any) -> QuerySet[Any]:
        return rows.filter(person__birth_date__gt=_birthday(int(years) + 1))


def _birthday(years: int) -> dt.date:
    """Return the last day on which somebody who is `years` old today was born."""
    today = timezone.localdate()
    year, is_leap_day = today.year - years, (today.month, today.day) == (2, 29)
    return dt.date(year, 2, 28) if is_leap_day and year % 4 else today.replace(year=year)
