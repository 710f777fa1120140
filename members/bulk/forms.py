"""What each kind of change asks for; who is meant travels in hidden fields."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.bulk.actions import Plan
from members.fields import LookupChoiceField
from members.forms import EmployerByName, groups_in_use, set_choices
from members.lists.picker import UnitField, UnitPicker, units_for
from members.models import Employer, UnionUnit, WorkerGroup
from members.models.bulk import BulkKind
from members.models.standing import RetainReason
from unionportal.core.forms import DateInput
from unionportal.core.models import User


class BulkForm(EmployerByName, forms.Form):
    """The day and the reason, which every kind needs."""

    kind: ClassVar[BulkKind]
    pick = forms.CharField(required=False, widget=forms.HiddenInput)
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    whole = forms.CharField(required=False, widget=forms.HiddenInput)
    day = forms.DateField(label=_("Holds from"), widget=DateInput)
    reason = forms.CharField(
        label=_("Reason"), max_length=200,
        help_text=_("It stands in the history of every member."),
    )  # fmt: skip
    last = ("day", "reason")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["day"].initial = timezone.localdate()
        self.order_fields([name for name in self.fields if name not in self.last])

    def params(self) -> dict[str, Any]:
        """Return what the kind needs, as ids and codes."""
        return {}

    def plan(self) -> Plan:
        """Return what a valid form asks for."""
        data = self.cleaned_data
        return Plan(kind=self.kind, day=data["day"], reason=data["reason"], params=self.params())


class GroupForm(BulkForm):
    kind = BulkKind.GROUP
    group = LookupChoiceField(label=_("Group"), queryset=WorkerGroup.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "group", groups_in_use())

    def params(self) -> dict[str, Any]:
        return {"group": self.cleaned_data["group"].pk}


class RetainForm(BulkForm):
    kind = BulkKind.RETAIN
    reason_code = forms.ChoiceField(label=_("Why"), choices=RetainReason, widget=forms.RadioSelect)

    def params(self) -> dict[str, Any]:
        return {"reason_code": self.cleaned_data["reason_code"]}


class ReactivateForm(BulkForm):
    kind = BulkKind.REACTIVATE


class MoveForm(BulkForm):
    kind = BulkKind.MOVE
    unit = UnitField(
        label=_("New union"), queryset=UnionUnit.objects.none(), widget=UnitPicker(purpose="move")
    )
    employer = forms.CharField(
        label=_("New employer"), max_length=120, required=False,
        help_text=_("Full name or credit code. Empty: each keeps the own one."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "unit", units_for(self.user, "move"))
        self.employer_found: Employer | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.employer_found = self.find_employer({"employer": data.get("employer", "")})
        return data

    def params(self) -> dict[str, Any]:
        target: UUID = self.cleaned_data["unit"].pk
        employer = self.employer_found
        return {"unit": str(target), "employer": str(employer.pk) if employer else ""}


FORMS: dict[str, type[BulkForm]] = {
    form.kind: form for form in (GroupForm, RetainForm, ReactivateForm, MoveForm)
}
