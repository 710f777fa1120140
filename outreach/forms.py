"""Forms of the drive pages; rules live in actions.py, these read and point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.lists.picker import UnitField, UnitPicker
from members.models import Area, UnionUnit, WorkerGroup
from members.states import UnitKind
from outreach.models import Drive
from outreach.queries import assignable_officers
from unionportal.core.forms import DateInput
from unionportal.core.models import User
from unionportal.core.roles import Permission

OWNER_KINDS = (UnitKind.DISTRICT, UnitKind.SUBDISTRICT, UnitKind.TOWNSHIP, UnitKind.PARK)
DRIVE_LEVELS = (
    Area.Level.DISTRICT,
    Area.Level.SUBDISTRICT,
    Area.Level.TOWNSHIP,
    Area.Level.PARK,
)
# A poster leads people without a union at work; firms' own unions send rosters.
POSTER_KINDS = (
    UnitKind.AREA_FEDERATION,
    UnitKind.SECTOR_FEDERATION,
    UnitKind.JOINT_UNION,
    UnitKind.COMMUNITY_UNION,
    UnitKind.HOLDING_POOL,
)
LARGEST_TARGET = 1_000_000
ONE_DAY = dt.timedelta(days=1)


class NamedChoice(forms.ModelChoiceField):
    """A choice shown by the row's name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(getattr(obj, "display_name", None) or obj.name)


class NamedChoices(forms.ModelMultipleChoiceField):
    """Choices shown by the rows' names."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class DriveForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the drive"), max_length=60,
        help_text=_("Such as “Autumn drive 2026”."),
    )  # fmt: skip
    started_on = forms.DateField(label=_("First day"), widget=DateInput)
    last_on = forms.DateField(label=_("Last day"), widget=DateInput)
    owner = NamedChoice(label=_("Union in charge"), queryset=UnionUnit.objects.none())
    groups = NamedChoices(
        label=_("Groups"), queryset=WorkerGroup.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    areas = NamedChoices(
        label=_("Areas"), queryset=Area.objects.none(),
        help_text=_("A drive in a whole district counts everybody in it; choose either it or its "
                    "parts."),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        in_use = WorkerGroup.objects.filter(valid_from__lte=today).exclude(valid_to__lte=today)
        reach = Area.objects.visible_to(user, Permission.MANAGE_DRIVES)
        owners = UnionUnit.objects.visible_to(user, Permission.MANAGE_DRIVES)
        self.fields["groups"].queryset = in_use
        self.fields["areas"].queryset = reach.filter(level__in=DRIVE_LEVELS).exclude(
            valid_to__lte=today
        )
        self.fields["owner"].queryset = owners.filter(kind__in=OWNER_KINDS)
        self.fields["owner"].initial = owners.filter(kind__in=OWNER_KINDS).first()

    def values(self) -> dict[str, Any]:
        """Return what `create_drive` takes."""
        data = dict(self.cleaned_data)
        data["ended_on"] = data.pop("last_on") + ONE_DAY
        return data


class TargetForm(forms.Form):
    """The grid: one whole number per area and group, empty = no target."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, drive: Drive, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.areas, self.groups = list(drive.areas.all()), list(drive.groups.all())
        self.fields["version"].initial = drive.version
        present = {(t.area_id, t.group_id): t.count for t in drive.targets.all()}
        for area in self.areas:
            for group in self.groups:
                self.fields[self.key(area.pk, group.code)] = _cell_field(
                    area, group, present.get((area.pk, group.code))
                )

    @staticmethod
    def key(area_id: UUID, code: str) -> str:
        return f"t-{area_id}-{code}"

    def rows(self) -> Iterator[tuple[Area, list[forms.BoundField]]]:
        """Give each area with its fields in the groups' order, for the template."""
        for area in self.areas:
            yield area, [self[self.key(area.pk, group.code)] for group in self.groups]

    def counts(self) -> dict[tuple[UUID, str], int]:
        """Return what `set_targets` takes."""
        return {
            (area.pk, group.code): self.cleaned_data[self.key(area.pk, group.code)] or 0
            for area in self.areas
            for group in self.groups
        }


def _cell_field(area: Area, group: WorkerGroup, initial: int | None) -> forms.IntegerField:
    field = forms.IntegerField(
        label=f"{area.name}, {group.name}", required=False, initial=initial,
        min_value=0, max_value=LARGEST_TARGET,
        error_messages={
            "invalid": _("Write a whole number, such as 120."),
            "min_value": _("A target is a whole number from 0 to 1,000,000."),
            "max_value": _("A target is a whole number from 0 to 1,000,000."),
        },
        # A text box: a number box would drop what was typed wrongly instead of showing it.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    field.widget.attrs["aria-label"] = field.label
    return field


class PatchForm(forms.Form):
    officer = NamedChoice(
        label=_("Officer"), queryset=User.objects.none(), empty_label=_("Choose an officer")
    )
    areas = NamedChoices(
        label=_("Areas"), queryset=Area.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    started_on = forms.DateField(label=_("First day"), widget=DateInput)
    last_on = forms.DateField(label=_("Last day"), required=False, widget=DateInput)

    def __init__(self, *args: Any, user: User, drive: Drive, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        officers = assignable_officers(user)
        self.fields["officer"].queryset = User.objects.filter(
            pk__in=[officer.pk for officer in officers]
        ).order_by("display_name", "pk")
        self.fields["areas"].queryset = drive.areas.all()
        self.fields["started_on"].initial = drive.started_on
        self.fields["last_on"].initial = drive.last_on

    def values(self) -> dict[str, Any]:
        """Return what `assign_patches` takes."""
        data = dict(self.cleaned_data)
        last = data.pop("last_on")
        data["ended_on"] = last + ONE_DAY if last else None
        data["areas"] = list(data["areas"])
        return data


FOR_CODES = "code"


def units_of_codes(user: User) -> QuerySet[UnionUnit]:
    """Return the units a poster may lead people into."""
    units = UnionUnit.objects.visible_to(user, Permission.MANAGE_DRIVES).taking_members()
    found: QuerySet[UnionUnit] = units.filter(kind__in=POSTER_KINDS, is_external=False)
    return found


class CodeForm(forms.Form):
    unit = UnitField(
        label=_("They join this union"), queryset=UnionUnit.objects.none(),
        widget=UnitPicker(purpose=FOR_CODES),
        help_text=_("Unions open to people without a union at work."),
    )  # fmt: skip
    area = NamedChoice(
        label=_("They count for this area"), queryset=Area.objects.none(),
        empty_label=_("Choose an area"),
    )  # fmt: skip
    place = forms.CharField(
        label=_("Where the poster hangs"), max_length=60,
        help_text=_("Such as “Gate 2 of the logistics park”. It is printed on the poster."),
    )  # fmt: skip
    expires_on = forms.DateField(
        label=pgettext_lazy("join code", "Works through"), widget=DateInput
    )

    def __init__(self, *args: Any, user: User, drive: Drive, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_of_codes(user)
        self.fields["area"].queryset = drive.areas.all()
        self.fields["expires_on"].initial = drive.last_on


class EnrolmentFilter(forms.Form):
    """Which cell of the board is looked into."""

    mark_optional = False
    area = NamedChoice(
        label=_("Area"), queryset=Area.objects.none(), required=False, empty_label=_("All")
    )
    group = NamedChoice(
        label=_("Group"), queryset=WorkerGroup.objects.none(), required=False, empty_label=_("All")
    )

    def __init__(self, *args: Any, drive: Drive, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = drive.areas.all()
        self.fields["group"].queryset = drive.groups.all()
