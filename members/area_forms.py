"""Forms about areas: a new one, and the end of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.actions.areas import AreaFacts
from members.forms import set_choices
from members.models import Area, UnionUnit
from members.states import AREA_SERVING_KINDS
from unionportal.core.forms import DateInput
from unionportal.core.identifiers import divisions

CODE = re.compile(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?")
BELOW = {
    Area.Level.DISTRICT: (Area.Level.SUBDISTRICT, Area.Level.TOWNSHIP, Area.Level.PARK),
    Area.Level.SUBDISTRICT: (Area.Level.COMMUNITY, Area.Level.PARK),
    Area.Level.TOWNSHIP: (Area.Level.VILLAGE, Area.Level.COMMUNITY, Area.Level.PARK),
    Area.Level.PARK: (Area.Level.COMMUNITY,),
}


class AreaForm(forms.Form):
    """A new area below another one."""

    name_zh = forms.CharField(label=_("Chinese name"), max_length=80)
    name_en = forms.CharField(label=_("English name"), max_length=80, required=False)
    level = forms.ChoiceField(label=_("Level"), widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label=_("Division or zone"),
        choices=Area.Kind,
        initial=Area.Kind.DIVISION,
        widget=forms.RadioSelect,
        help_text=_("A zone is managed like an area but has no division code of its own."),
    )
    code = forms.CharField(
        label=_("Division code"),
        max_length=12,
        required=False,
        help_text=_("9 digits for a sub-district or town, 12 for a community or village"),
    )
    valid_from = forms.DateField(label=_("Since"), widget=DateInput)

    def __init__(self, *args: Any, parent: Area, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = BELOW.get(Area.Level(parent.level), ())
        choices = [(level.value, level.label) for level in levels]
        self.fields["level"].choices = choices  # type: ignore[attr-defined]
        self.fields["valid_from"].initial = timezone.localdate()

    def clean_code(self) -> str:
        code = "".join(str(self.cleaned_data["code"]).split())
        if code and not CODE.fullmatch(code):
            raise ValidationError(
                _("A division code has 6, 9 or 12 digits; this one is “%(code)s”."),
                code="code",
                params={"code": code},
            )
        return code

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") == Area.Kind.ZONE and data.get("code"):
            self.add_error("code", _("A zone has no division code. Leave it empty."))
        return data

    @property
    def is_unknown_code(self) -> bool:
        """Whether no division ever had the first six digits: a warning, not an error."""
        code = self.cleaned_data["code"]
        return bool(code) and not divisions.is_known(code)

    def facts(self) -> AreaFacts:
        """Return the checked values for the action."""
        return AreaFacts(**self.cleaned_data)


class EndAreaForm(forms.Form):
    """What an area became; with several successors, what goes where."""

    ended_on = forms.DateField(
        label=_("Ends on"), widget=DateInput, help_text=_("The first day it is no longer an area")
    )
    successors = forms.ModelMultipleChoiceField(
        label=_("What it became"),
        queryset=Area.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Add a new area first when it is not in this list."),
        error_messages={"invalid_choice": _("Choose from the list."),
                        "invalid_pk_value": _("Choose from the list.")},
    )  # fmt: skip
    reason = forms.CharField(label=_("Decision or reason"), max_length=200)

    def __init__(self, *args: Any, area: Area, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.area = area
        rows = Area.objects.filter(valid_to=None, depth__gt=1, level__in=PEERS[area.level])
        set_choices(self, "successors", rows.exclude(path__startswith=area.path))
        self.fields["ended_on"].initial = timezone.localdate()

    def pieces(self) -> list[Any]:
        """Return what can be sent to one successor or another: areas below, units on top."""
        below = list(Area.objects.get_children(self.area).filter(valid_to=None).order_by("path"))
        units = UnionUnit.objects.filter(area=self.area).exclude(kind__in=AREA_SERVING_KINDS)
        return [*below, *_tops(list(units.order_by("path")))]

    def choices(self) -> dict[UUID, UUID]:
        """Return which piece goes to which of the chosen successors, as posted."""
        chosen = {str(one.pk): one.pk for one in self.cleaned_data["successors"]}
        found = {}
        for piece in self.pieces():
            home = chosen.get(self.data.get(f"to-{piece.pk}", ""))
            if home is not None:
                found[piece.pk] = home
        return found


def _tops(units: Sequence[UnionUnit]) -> list[UnionUnit]:
    """Keep the units that hang below none of the others: those below go with them."""
    kept: list[UnionUnit] = []
    for unit in units:
        if not (kept and unit.path.startswith(kept[-1].path)):
            kept.append(unit)
    return kept


LOCAL = (Area.Level.SUBDISTRICT, Area.Level.TOWNSHIP, Area.Level.PARK)
SMALL = (Area.Level.COMMUNITY, Area.Level.VILLAGE)
# Sub-districts become sub-districts, towns or parks; communities become communities or villages.
PEERS = {level: LOCAL if level in LOCAL else SMALL for level in Area.Level}
