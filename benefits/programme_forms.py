"""Forms of programmes: the first terms, other terms, another cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from benefits import channels
from benefits.actions.versions import Gift, Rules
from benefits.catalogue import Template
from benefits.models import GoodsItem, ProgrammeVersion, Timing
from benefits.payout_forms import YuanField
from benefits.states.cards import Transport
from benefits.states.payouts import Beneficiary, Benefit, Channel
from members.forms import groups_in_use, set_choices, top_areas
from members.models import Area, UnionUnit, WorkerGroup
from members.states import MembershipState
from unionportal.core.forms import DateInput

if TYPE_CHECKING:
    from unionportal.core.models import User

STANDINGS = (
    (MembershipState.ACTIVE, _("Active")),
    (MembershipState.RETAINED, _("Retained")),
)
LISTED = {"class": "up-list"}


def top_units(user: User) -> Any:
    """Return the district's union and those right below it."""
    return UnionUnit.objects.visible_to(user).filter(depth__lte=2).exclude(status="dissolved")


class TermsForm(forms.Form):
    """How much for whom. Nothing chosen in a list asks nothing."""

    amount = YuanField(
        label=_("Amount for each (yuan)"),
        help_text=_("What one of them gets, or costs: goods and points count by their value"),
    )
    timing = forms.ChoiceField(
        label=_("What the window means"), choices=Timing, initial=Timing.MET_INSIDE,
        widget=forms.RadioSelect(attrs=LISTED),
    )  # fmt: skip
    standings = forms.MultipleChoiceField(
        label=_("Membership"), choices=STANDINGS, initial=[MembershipState.ACTIVE],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    item = forms.ModelChoiceField(
        label=_("Goods each gets"), queryset=GoodsItem.objects.none(), required=False,
        help_text=_("Where the programme gives goods"),
    )  # fmt: skip
    quantity = forms.IntegerField(
        label=_("How many of it"), min_value=1, max_value=1000, required=False
    )
    fetch_until = forms.DateField(label=_("To be fetched until"), widget=DateInput, required=False)
    points = forms.IntegerField(
        label=_("Points each gets"), min_value=1, max_value=1_000_000, required=False,
        help_text=_("Where the programme gives points"),
    )  # fmt: skip
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=WorkerGroup.objects.none(), to_field_name="code",
        required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all"),
    )  # fmt: skip
    areas = forms.ModelMultipleChoiceField(
        label=_("Areas"), queryset=Area.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs=LISTED), help_text=_("None chosen: all"),
    )  # fmt: skip
    units = forms.ModelMultipleChoiceField(
        label=_("Unions"), queryset=UnionUnit.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs=LISTED),
        help_text=_("With all below them. None chosen: all"),
    )  # fmt: skip
    joined_from = forms.DateField(label=_("Joined from"), widget=DateInput, required=False)
    joined_to = forms.DateField(label=_("Joined until"), widget=DateInput, required=False)
    needs_card = forms.BooleanField(
        label=_("The member card must be activated"), initial=True, required=False
    )
    needs_dues = forms.BooleanField(label=_("The employer must pay union dues"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "groups", groups_in_use())
        set_choices(self, "areas", top_areas(user))
        set_choices(self, "item", GoodsItem.objects.order_by("code"))
        set_choices(self, "units", top_units(user))

    def rules(self) -> Rules:
        """Return the conditions as the actions take them."""
        data = self.cleaned_data
        return Rules(
            groups=tuple(group.pk for group in data["groups"]),
            units=tuple(unit.pk for unit in data["units"]),
            areas=tuple(area.pk for area in data["areas"]),
            standings=tuple(data["standings"]),
            joined_from=data["joined_from"], joined_to=data["joined_to"],
            needs_card=data["needs_card"], needs_dues=data["needs_dues"], timing=data["timing"],
        )  # fmt: skip

    def gift(self) -> Gift:
        """Return what each gets where it is not money."""
        names = ("item", "quantity", "points", "fetch_until")
        return Gift(**{name: self.cleaned_data[name] for name in names})


class ChangeTermsForm(TermsForm):
    """Other terms from now on; rights given keep theirs."""

    note = forms.CharField(label=_("Why they change"), max_length=200)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    @staticmethod
    def initial_of(version: ProgrammeVersion) -> dict[str, Any]:
        """Return the terms in force as the form shows them."""
        names = ("groups", "areas", "units", "standings", "joined_from", "joined_to",
                 "needs_card", "needs_dues", "timing", "item", "quantity", "points",
                 "fetch_until")  # fmt: skip
        amount = f"{version.amount_fen // 100}.{version.amount_fen % 100:02d}"
        own = {name: getattr(version, name) for name in names}
        return {**own, "amount": amount, "seen": version.number}


class CycleForm(forms.Form):
    """Another period in which everybody may be entitled once more."""

    cycle = forms.SlugField(
        label=pgettext_lazy("period of a programme", "Name of the cycle"), max_length=20,
        help_text=_("Such as 2027 or 2027-summer"),
    )  # fmt: skip
    window_from = forms.DateField(label=_("First day"), widget=DateInput)
    window_to = forms.DateField(label=_("Last day"), widget=DateInput)


class ProgrammeForm(TermsForm):
    """A new programme. Amounts are typed in yuan and kept in fen."""

    code = forms.SlugField(
        label=_("Code of the programme"),
        max_length=30,
        help_text=_("Letters, digits and hyphens; never changes"),
    )
    name_zh = forms.CharField(label=_("Chinese name"), max_length=40)
    name_en = forms.CharField(label=_("English name"), max_length=80)
    beneficiary = forms.ChoiceField(
        label=_("Who gets it"), choices=Beneficiary, initial=Beneficiary.PERSON,
        widget=forms.RadioSelect,
    )  # fmt: skip
    benefit = forms.ChoiceField(
        label=_("What is given"), choices=Benefit, initial=Benefit.CASH, widget=forms.RadioSelect
    )
    budget = YuanField(label=_("Budget (yuan)"))
    window_from = forms.DateField(label=_("First day"), widget=DateInput)
    window_to = forms.DateField(label=_("Last day"), widget=DateInput)
    cycle = forms.SlugField(
        label=pgettext_lazy("period of a programme", "Name of the cycle"), max_length=20,
        help_text=_("Such as 2027 or 2027-summer"),
    )  # fmt: skip
    notice_days = forms.IntegerField(
        label=_("Working days of public notice"), min_value=0, max_value=30, initial=5
    )
    second_approval = YuanField(
        label=_("A second checker from (yuan)"), required=False,
        help_text=_("A batch of this sum or more needs two checkers"),
    )  # fmt: skip
    summary = forms.CharField(
        label=_("Text on the bank statement"), max_length=12, required=False,
        help_text=_("At most 12 characters; the Chinese name if empty"),
    )  # fmt: skip
    channel = forms.ChoiceField(
        label=_("Way of paying"), choices=channels.choices, initial=Channel.BANK_FILE
    )
    transport = forms.ChoiceField(
        label=_("How files go to the bank"), choices=Transport, initial=Transport.FOLDER
    )
    field_order = (
        "code", "name_zh", "name_en", "beneficiary", "benefit", "amount", "item", "quantity",
        "fetch_until", "points", "budget", "cycle", "window_from",
        "window_to", "timing", "standings", "groups", "areas", "units", "joined_from",
        "joined_to", "needs_card", "needs_dues",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.initial.setdefault("window_from", today)
        self.initial.setdefault("cycle", str(today.year))

    @staticmethod
    def initial_of(template: Template) -> dict[str, Any]:
        """Return what a template of the catalogue fills in; everything can be changed."""
        first, last = template.window(timezone.localdate())
        item = GoodsItem.objects.filter(code=template.item.code).first() if template.item else None
        names = ("code", "name_zh", "name_en", "beneficiary", "benefit", "amount", "timing",
                 "standings", "groups", "needs_card", "needs_dues", "notice_days", "points",
                 "quantity")  # fmt: skip
        own = {name: getattr(template, name) for name in names}
        return {**own, "code": f"{template.code}-{first.year}", "item": item,
                "window_from": first, "window_to": last, "cycle": str(first.year)}  # fmt: skip

    def values(self) -> dict[str, Any]:
        """Return the arguments of `create_programme`."""
        data = dict(self.cleaned_data)
        return {
            **{name: data[name] for name in (
                "code", "name_zh", "name_en", "beneficiary", "benefit", "cycle", "window_from",
                "window_to", "notice_days", "summary", "channel", "transport",
            )},
            "rules": self.rules(),
            "gift": self.gift(),
            "amount_fen": data["amount"],
            "budget_fen": data["budget"],
            "second_approval_fen": data["second_approval"],
        }  # fmt: skip
