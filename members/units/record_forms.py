"""Forms of a unit's records: elections, seats, certificates, filings, replies, plaques."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.actions.bodies import SINGLE_OFFICES, Election, Seat
from members.actions.unit_papers import Registration
from members.models import (
    CertificateFiling,
    CollectiveContract,
    Committee,
    CommitteeSeat,
    Membership,
    UnitReply,
)
from members.states import FIVE_YEAR_KINDS, OPEN_MEMBERSHIP
from unionportal.core.forms import DateInput
from unionportal.core.models import User

Office = CommitteeSeat.Office
NAMES_HINT = gettext_lazy("One name a line. A member number instead of a name ties the member.")


class SeatNames(forms.Form):
    """Turn names and member numbers of people in the user's reach into seats."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def seats(self, office: str, text: str) -> list[Seat]:
        """Return one seat for each line; GH… is a member number, anything else a name."""
        return [self.seat(office, line) for line in text.splitlines() if line.strip()]

    def seat(self, office: str, line: str) -> Seat:
        """Return the seat of one name or member number; raise ValidationError when unknown."""
        word = "".join(line.split())
        if not word.upper().startswith("GH"):
            return Seat(office=office, name=line.strip()[:50])
        rows = Membership.objects.visible_to(self.user).select_related("person")
        member = rows.filter(member_no=word.upper(), state__in=OPEN_MEMBERSHIP).first()
        if member is None:
            raise forms.ValidationError(
                _("“%(number)s” is not the number of a member.") % {"number": word}
            )
        return Seat(office=office, person=member.person)


class ElectionForm(SeatNames):
    """An election as the congress made it."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Body"), choices=Committee.Kind.choices, widget=forms.RadioSelect
    )
    is_single = forms.BooleanField(
        label=gettext_lazy("One organiser or commissioner instead of a committee"), required=False,
        help_text=gettext_lazy("Where members are few. Name the one person as the chair below."),
    )  # fmt: skip
    congress = forms.ChoiceField(
        label=gettext_lazy("Elected by"), choices=Committee.Congress.choices, required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    started_on = forms.DateField(label=gettext_lazy("Elected on"), widget=DateInput)
    term_years = forms.TypedChoiceField(
        label=gettext_lazy("Term"), coerce=int, widget=forms.RadioSelect,
        choices=[(3, gettext_lazy("3 years")), (5, gettext_lazy("5 years"))],
    )  # fmt: skip
    document_no = forms.CharField(
        label=gettext_lazy("Number of the upper union's reply"), max_length=40, required=False
    )
    chair = forms.CharField(
        label=gettext_lazy("Chair"), max_length=50,
        help_text=gettext_lazy("A name, or the member number of a member here."),
    )  # fmt: skip
    deputies = forms.CharField(
        label=gettext_lazy("Deputy chairs"), max_length=400, required=False,
        widget=forms.Textarea(attrs={"rows": "2"}), help_text=NAMES_HINT,
    )  # fmt: skip
    members = forms.CharField(
        label=gettext_lazy("Committee members"), max_length=2_000, required=False,
        widget=forms.Textarea, help_text=NAMES_HINT,
    )  # fmt: skip

    def __init__(self, *args: Any, unit: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].initial = Committee.Kind.UNION
        if unit.kind in FIVE_YEAR_KINDS:
            five = [choice for choice in self.fields["term_years"].choices if choice[0] == 5]  # type: ignore[attr-defined]
            self.fields["term_years"].choices = five  # type: ignore[attr-defined]
        self.fields["term_years"].initial = 5 if unit.kind in FIVE_YEAR_KINDS else 3

    def clean_chair(self) -> Seat:
        """Return who leads."""
        return self.seat(Office.CHAIR, self.cleaned_data["chair"])

    def clean_deputies(self) -> list[Seat]:
        """Return the deputies."""
        return self.seats(Office.DEPUTY, self.cleaned_data["deputies"])

    def clean_members(self) -> list[Seat]:
        """Return the plain members."""
        return self.seats(Office.MEMBER, self.cleaned_data["members"])

    def election(self) -> Election:
        """Return the election the form tells of."""
        data = self.cleaned_data
        chair: Seat = data["chair"]
        seats = [chair, *data["deputies"], *data["members"]]
        if data["is_single"]:
            office = SINGLE_OFFICES[Committee.Kind(data["kind"])]
            alone = Seat(office=office, person=chair.person, name=chair.name)
            seats = [alone, *seats[1:]]
        return Election(
            kind=data["kind"], started_on=data["started_on"], term_years=data["term_years"],
            seats=seats, is_single=data["is_single"], congress=data["congress"],
            document_no=data["document_no"],
        )  # fmt: skip


class ExtensionForm(forms.Form):
    """The upper union's consent to a later election."""

    to_day = forms.DateField(label=gettext_lazy("Extended to"), widget=DateInput)
    document_no = forms.CharField(
        label=gettext_lazy("Number of the upper union's consent"), max_length=40
    )
    decided_on = forms.DateField(label=gettext_lazy("Consented on"), widget=DateInput)


class SeatForm(SeatNames):
    """Somebody elected in the term."""

    office = forms.ChoiceField(
        label=gettext_lazy("Office"), widget=forms.RadioSelect,
        choices=[(one.value, one.label) for one in (Office.CHAIR, Office.DEPUTY, Office.MEMBER)],
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Full name"), max_length=50,
        help_text=gettext_lazy("A name, or the member number of a member here."),
    )  # fmt: skip
    started_on = forms.DateField(label=gettext_lazy("Elected on"), widget=DateInput)

    def clean(self) -> dict[str, Any]:
        """Find the member behind a member number."""
        data = super().clean() or {}
        if data.get("name") and data.get("office"):
            try:
                data["seat"] = self.seat(data["office"], data["name"])
            except forms.ValidationError as error:
                self.add_error("name", error)
        return data


class SeatEndForm(forms.Form):
    """An office ends before the term."""

    ended_on = forms.DateField(label=gettext_lazy("Ended on"), widget=DateInput)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=100)


class CertificateForm(forms.Form):
    """What a legal-person certificate says."""

    credit_code = forms.CharField(
        label=gettext_lazy("Credit code of the union"), max_length=24,
        help_text=gettext_lazy("18 characters; not the employer's code."),
    )  # fmt: skip
    number = forms.CharField(
        label=gettext_lazy("Certificate number"), max_length=40, required=False
    )
    representative = forms.CharField(
        label=gettext_lazy("Legal representative"), max_length=50, required=False,
        help_text=gettext_lazy("Left empty, the chair on record."),
    )  # fmt: skip
    issued_by = forms.CharField(label=gettext_lazy("Registered by"), max_length=80, required=False)
    issued_on = forms.DateField(label=gettext_lazy("Issued on"), widget=DateInput)
    valid_to = forms.DateField(label=gettext_lazy("Valid to"), widget=DateInput)

    def registration(self) -> Registration:
        """Return the certificate as it is to be recorded."""
        return Registration(**self.cleaned_data)


class ChangeNoteForm(forms.Form):
    """A change that has to be filed."""

    what = forms.ChoiceField(
        label=gettext_lazy("What changed"), choices=CertificateFiling.What.choices,
        widget=forms.RadioSelect,
    )  # fmt: skip
    happened_on = forms.DateField(label=gettext_lazy("Changed on"), widget=DateInput)


class FilingForm(forms.Form):
    """The registration body was told."""

    filed_on = forms.DateField(
        label=gettext_lazy("Filed on"), widget=DateInput, initial=timezone.localdate
    )
    document_no = forms.CharField(
        label=gettext_lazy("Document number"), max_length=40, required=False
    )


class ReplyForm(forms.Form):
    """A formal answer from above."""

    matter = forms.ChoiceField(label=gettext_lazy("Matter"), choices=UnitReply.Matter.choices)
    document_no = forms.CharField(label=gettext_lazy("Document number"), max_length=40)
    replied_on = forms.DateField(label=gettext_lazy("Replied on"), widget=DateInput)
    replied_by = forms.CharField(label=gettext_lazy("Replied by"), max_length=80, required=False)


class ContractForm(forms.Form):
    """A collective contract as it was signed."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of contract"), choices=CollectiveContract.Kind.choices
    )
    reach = forms.ChoiceField(
        label=gettext_lazy("Whom it covers"),
        choices=CollectiveContract.Reach.choices,
        help_text=gettext_lazy(
            "The employers this union covered on the day of signing; for an area or a trade"
            " those of the unions below too."
        ),
    )
    signed_on = forms.DateField(label=gettext_lazy("Signed on"), widget=DateInput)
    valid_to = forms.DateField(label=gettext_lazy("Valid until"), widget=DateInput)
    filed_on = forms.DateField(
        label=gettext_lazy("Filed with the labour office on"), widget=DateInput, required=False
    )
    document_no = forms.CharField(
        label=gettext_lazy("Document number"), max_length=40, required=False
    )


class ContractFilingForm(forms.Form):
    """The labour office got the contract."""

    filed_on = forms.DateField(
        label=gettext_lazy("Filed with the labour office on"),
        widget=DateInput,
        initial=timezone.localdate,
    )


class PlaqueForm(forms.Form):
    """A sign the unit may put up."""

    title = forms.CharField(label=gettext_lazy("Words on the plaque"), max_length=80)
    number = forms.CharField(label=gettext_lazy("Plaque number"), max_length=40, required=False)
    granted_by = forms.CharField(label=gettext_lazy("Granted by"), max_length=80, required=False)
    granted_on = forms.DateField(label=gettext_lazy("Granted on"), widget=DateInput)


class PlaqueEndForm(forms.Form):
    """The sign came down."""

    taken_down_on = forms.DateField(
        label=gettext_lazy("Taken down on"), widget=DateInput, initial=timezone.localdate
    )
