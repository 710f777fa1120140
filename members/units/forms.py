"""Forms that add a unit and change the tree."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.actions.structure import NewUnit
from members.actions.unit_changes import Paper, Part
from members.models import Area, Employer, UnionUnit, WorkerGroup
from members.queries.structure import standing_below
from members.states import RUNGS, UnitKind, UnitStatus
from members.units.picking import PicksUnit
from unionportal.core.forms import DateInput, DigitsInput
from unionportal.core.models import User
from unionportal.core.roles import Permission

# A split or merger by hand shows at most so many employers, siblings or units to tick.
MOST_TICKS = 60


class NewUnitForm(PicksUnit):
    """Add a unit below one that is named."""

    parent = forms.CharField(
        label=gettext_lazy("Upper union"), max_length=120,
        help_text=gettext_lazy("Its name or a part of it."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=UnitKind.choices)
    area = forms.ModelChoiceField(
        label=gettext_lazy("Area"), queryset=Area.objects.none(), required=False,
        help_text=gettext_lazy("Left empty, the upper union's area."),
    )  # fmt: skip
    started_on = forms.DateField(
        label=gettext_lazy("Belongs there since"), widget=DateInput, required=False
    )
    established_on = forms.DateField(
        label=gettext_lazy("Established on"), widget=DateInput, required=False,
        help_text=gettext_lazy("Left empty, the unit is still being prepared."),
    )  # fmt: skip
    industrial = forms.CharField(
        label=gettext_lazy("Industrial union"), max_length=120, required=False,
        help_text=gettext_lazy("Beside its place in the tree, if it belongs to one."),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["area"].queryset = Area.objects.visible_to(user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Find the two units that were typed."""
        data = super().clean() or {}
        standing = managed(self.user)
        data["parent_unit"] = self.pick("parent", standing)
        leaders = UnionUnit.objects.filter(kind=UnitKind.INDUSTRIAL) | UnionUnit.objects.filter(
            is_external=True
        )
        data["industrial_unit"] = self.pick("industrial", leaders)
        return data

    def new(self) -> NewUnit:
        """Return what the form says as a unit to be added."""
        data = self.cleaned_data
        return NewUnit(
            name=data["name"], kind=data["kind"], parent=data["parent_unit"], area=data["area"],
            started_on=data["started_on"], established_on=data["established_on"],
            industrial_parent=data["industrial_unit"],
        )  # fmt: skip


def managed(user: User) -> Any:
    """Return the standing units `user` may reorganise."""
    rows = UnionUnit.objects.visible_to(user, Permission.MANAGE_ORGANISATION)
    return rows.exclude(status=UnitStatus.DISSOLVED)


class EditUnitForm(forms.Form):
    """What may change about a unit without any formal step."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    contact_name = forms.CharField(
        label=gettext_lazy("Contact person"), max_length=50, required=False
    )
    contact_phone = forms.CharField(
        label=gettext_lazy("Office phone"), max_length=20, required=False, widget=DigitsInput
    )
    reported_members = forms.IntegerField(
        label=gettext_lazy("Members the unit reports"), min_value=0, max_value=9_999_999,
        required=False,
    )  # fmt: skip
    reported_on = forms.DateField(
        label=gettext_lazy("Reported on"), widget=DateInput, required=False
    )


class PaperForm(PicksUnit):
    """Why, when and by which document; base of every change of the tree."""

    day = forms.DateField(label=gettext_lazy("From which day"), widget=DateInput)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, widget=forms.Textarea)
    document_no = forms.CharField(
        label=gettext_lazy("Number of the upper union's reply"), max_length=40, required=False
    )
    last = ("day", "reason", "document_no")

    def __init__(self, *args: Any, unit: UnionUnit, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit, self.user = unit, user
        self.fields["day"].initial = timezone.localdate()
        self.order_fields([name for name in self.fields if name not in self.last])

    @property
    def paper(self) -> Paper:
        data = self.cleaned_data
        return Paper(reason=data["reason"], day=data["day"], document_no=data["document_no"])

    def takers(self) -> Any:
        """Return the units that members may go to."""
        rows = managed(self.user).taking_members().filter(is_external=False)
        return rows.exclude(pk=self.unit.pk)


class MoveForm(PaperForm):
    """Hang the unit elsewhere."""

    into = forms.CharField(
        label=gettext_lazy("New upper union"), max_length=120,
        help_text=gettext_lazy("Its name or a part of it."),
    )  # fmt: skip
    takes_area = forms.BooleanField(
        label=gettext_lazy("It also goes to the area of the new upper union"), required=False,
        help_text=gettext_lazy("Its members are counted there from that day on."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Find the new parent."""
        data = super().clean() or {}
        rung = RUNGS[self.unit.kind]
        kinds = [kind for kind, own in RUNGS.items() if own <= rung]
        data["target"] = self.pick("into", managed(self.user).filter(kind__in=kinds))
        return data


class SplitForm(PaperForm):
    """Say what leaves and where it goes."""

    employers = forms.MultipleChoiceField(
        label=gettext_lazy("Employers that leave, with their members"), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-list"}),
    )  # fmt: skip
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Groups that leave: their members without an employer"), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-list"}),
    )  # fmt: skip
    units = forms.MultipleChoiceField(
        label=gettext_lazy("Units below that leave"), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-list"}),
    )  # fmt: skip
    into = forms.CharField(
        label=gettext_lazy("To the unit"), max_length=120, required=False,
        help_text=gettext_lazy("A unit that exists: its name or a part of it."),
    )  # fmt: skip
    new_name = forms.CharField(
        label=gettext_lazy("Or to a new unit of this name"), max_length=120, required=False,
        help_text=gettext_lazy("It is of the same kind, beside this unit, established that day."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        covered = Employer.objects.filter(
            coverages__unit=self.unit, coverages__ended_on=None
        ).order_by("name")
        here = self.unit.memberships.filter(state__in=("active", "retained"), employer=None)
        groups = WorkerGroup.objects.filter(pk__in=here.order_by().values("group_id"))
        below = [one for one in standing_below(self.unit) if one.depth == self.unit.depth + 1]
        self._offer_ticks("employers", [(str(one.pk), one.name) for one in covered[:MOST_TICKS]])
        self._offer_ticks("groups", [(one.pk, one.name) for one in groups])
        self._offer_ticks("units", [(str(one.pk), one.name) for one in below[:MOST_TICKS]])

    def _offer_ticks(self, name: str, choices: list[tuple[str, str]]) -> None:
        if choices:
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Find the target; exactly one of the two is given."""
        data = super().clean() or {}
        data["target"] = self.pick("into", self.takers())
        if bool(data.get("into")) == bool(data.get("new_name")):
            self.add_error("into", _("Name a unit that exists or a new one, not both."))
        if not self.part:
            self.add_error(None, _("Choose at least one employer, group or unit that leaves."))
        return data

    @property
    def part(self) -> Part:
        data = self.cleaned_data
        return Part(
            employers=data.get("employers", ()), groups=data.get("groups", ()),
            units=data.get("units", ()),
        )  # fmt: skip

    def target(self) -> UnionUnit | NewUnit:
        """Return the unit that was named, or the new one beside the unit that is split."""
        found: UnionUnit | None = self.cleaned_data["target"]
        if found is not None:
            return found
        parent = UnionUnit.objects.get_ancestors(self.unit).order_by("-depth").first()
        return NewUnit(
            name=self.cleaned_data["new_name"], kind=self.unit.kind, parent=parent or self.unit,
            area=self.unit.area, started_on=self.paper.on, established_on=self.paper.on,
        )  # fmt: skip


class MergeForm(PaperForm):
    """Merge the unit, and some beside it, into another."""

    also = forms.MultipleChoiceField(
        label=gettext_lazy("These beside it as well"), required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "up-list"}),
    )  # fmt: skip
    into = forms.CharField(
        label=gettext_lazy("Into the unit"), max_length=120,
        help_text=gettext_lazy("Its name or a part of it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        beside = managed(self.user).filter(
            path__startswith=self.unit.path[: -self.unit.steplen], depth=self.unit.depth,
            kind=self.unit.kind, is_external=False,
        )  # fmt: skip
        rows = list(beside.exclude(pk=self.unit.pk)[: MOST_TICKS + 1])
        if 0 < len(rows) <= MOST_TICKS:
            self.fields["also"].choices = [  # type: ignore[attr-defined]
                (str(one.pk), one.name) for one in rows
            ]
        else:
            del self.fields["also"]

    def clean(self) -> dict[str, Any]:
        """Find the target."""
        data = super().clean() or {}
        data["target"] = self.pick("into", self.takers())
        return data

    def sources(self) -> list[UnionUnit]:
        """Return every unit that is merged."""
        ids = [self.unit.pk, *self.cleaned_data.get("also", ())]
        return list(UnionUnit.objects.filter(pk__in=ids))


class CloseForm(PaperForm):
    """Dissolve the unit with the units below it."""

    into = forms.CharField(
        label=gettext_lazy("Its members go to"), max_length=120, required=False,
        help_text=gettext_lazy("A union or the holding pool: its name or a part of it."),
    )  # fmt: skip
    retains = forms.BooleanField(
        label=gettext_lazy("The firm has ended: retain the memberships"), required=False,
        help_text=gettext_lazy("Retained members pay no dues and do not vote until a new job."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pool = self.takers().filter(kind=UnitKind.HOLDING_POOL, area=self.unit.area_id).first()
        self.fields["into"].initial = pool.name if pool else ""

    def clean(self) -> dict[str, Any]:
        """Find where the members go."""
        data = super().clean() or {}
        data["target"] = self.pick("into", self.takers())
        return data


class IndustrialForm(PicksUnit):
    """Put the unit under an industrial union, or end that."""

    parent = forms.CharField(
        label=gettext_lazy("Industrial union"), max_length=120, required=False,
        help_text=gettext_lazy("Left empty, it stands under none from that day on."),
    )  # fmt: skip
    started_on = forms.DateField(label=gettext_lazy("From which day"), widget=DateInput)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Find the industrial union."""
        data = super().clean() or {}
        rows = UnionUnit.objects.filter(kind=UnitKind.INDUSTRIAL) | UnionUnit.objects.filter(
            is_external=True
        )
        data["target"] = self.pick("parent", rows.exclude(status=UnitStatus.DISSOLVED))
        return data
