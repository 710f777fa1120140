"""Desk pages of cases with unions outside the district: a member taken in, the letter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from members.fields import ScanField
from members.forms import EnrolForm
from members.lists.picker import units_for
from members.models import Transfer
from members.states import Confirmation
from members.transfers import queries
from members.transfers.inward import Arrival, take_in
from members.transfers.states import TransferKind
from members.views.shared import staff
from members.views.sheets import Sheet, fill
from unionportal.core.forms import DateInput
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


class TakeInForm(EnrolForm):
    """A member of a union outside the district, and what its letter says."""

    outside_name = forms.CharField(
        label=gettext_lazy("Union outside the district"), max_length=120,
        help_text=gettext_lazy("As its letter names it"),
    )  # fmt: skip
    joined_elsewhere_on = forms.DateField(
        label=gettext_lazy("Member there since"), widget=DateInput,
        help_text=gettext_lazy("Kept for seniority. Figures here count from the day of coming."),
    )  # fmt: skip
    arrived_on = forms.DateField(label=gettext_lazy("Member here from"), widget=DateInput)
    signer = forms.CharField(
        label=gettext_lazy("Signed by"), max_length=50,
        help_text=gettext_lazy("Who signed for the grassroots union"),
    )  # fmt: skip
    evidence = ScanField(
        label=gettext_lazy("Letter of the other union"),
        help_text=gettext_lazy("With the member's signed wish: PDF, PNG or JPEG, at most 25 MB"),
    )
    field_order = [
        "outside_name", "joined_elsewhere_on", "evidence", "name", "id_type", "id_number", "phone",
        "group", "unit", "employer", "vehicle_plate", "platform_name", "arrived_on", "signer",
    ]  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        del self.fields["confirmation"]
        self.fields["unit"].queryset = units_for(user, "decide")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        # The letter is the evidence: what the member signed lies with it.
        self.cleaned_data["confirmation"] = Confirmation.PAPER_FORM
        return super().clean()


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def transfer_take_in(request: HttpRequest) -> HttpResponse:
    """Take in a member who comes from outside with a letter."""
    initial = {"arrived_on": timezone.localdate()}
    is_post = request.method == "POST"
    data = (request.POST, request.FILES) if is_post else ()
    form = TakeInForm(*data, user=staff(request), initial=initial)
    listed = reverse("members:transfer-list")
    sheet = Sheet(
        title=_("Take in a member from outside"),
        button=_("Take the member in"),
        back=listed,
        trail=[{"url": listed, "label": _("Transfers")}],
        notes=[_("The person is a member of a union outside this district and brings its letter. "
                 "A membership begins here, with a number of its own.")],
        takes_files=True,
    )  # fmt: skip
    return fill(request, sheet, form, lambda: _take_in(request, form))


def _take_in(request: HttpRequest, form: TakeInForm) -> str:
    by, data = staff(request), form.cleaned_data
    letter: Attachment = data["evidence"].store(by=by, kind="transfer_letter")
    made = take_in(
        by=by,
        candidate=form.candidate(letter, None),
        arrival=Arrival(
            outside_name=data["outside_name"],
            joined_elsewhere_on=data["joined_elsewhere_on"],
            arrived_on=data["arrived_on"],
            signer=data["signer"],
            letter=letter,
        ),
    )
    messages.success(
        request, _("%(name)s is a member here now. Number: %(number)s")
        % {"name": data["name"], "number": made.membership.member_no_grouped},
    )  # fmt: skip
    return made.get_absolute_url()


@desk(P.VIEW_MEMBERS)
@never_cache
def transfer_letter(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Print the letter a member takes to a union outside; the ID number stays masked."""
    rows = queries.shown(Transfer.objects.visible_to(staff(request)))
    outward = rows.filter(kind=TransferKind.OUTWARD).exclude(confirmation=Confirmation.NONE)
    found = get_object_or_404(outward, pk=pk)
    context = {
        "transfer": found,
        "membership": found.membership,
        "today": timezone.localdate(),
        "hotline": settings.HOTLINE,
    }
    return render(request, "members/transfer_letter.html", context)
