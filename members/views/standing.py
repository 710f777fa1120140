"""Steps of a membership, groups, vehicles, joining again: one page with one form each."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from members.actions import classification, rejoining, standing
from members.models import Membership, MemberVehicle
from members.people_forms import ChangeForm, GroupForm, JoinAgainForm, VehicleForm
from members.views import sheets
from members.views.shared import member, member_trail, staff
from members.views.sheets import Sheet
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission
TITLES = {
    "retain": gettext_lazy("Retain the membership"),
    "reactivate": gettext_lazy("Make the membership active again"),
    "resign": gettext_lazy("Record that the member left"),
    "expel": gettext_lazy("Record an expulsion"),
    "move_away": gettext_lazy("Record a move to a union elsewhere"),
    "record_death": gettext_lazy("Record a death"),
    "annul": gettext_lazy("Annul the membership"),
}
NOTES = {
    "retain": gettext_lazy(
        "The member stays counted and pays no dues; voting and standing for office rest."
    ),
    "reactivate": gettext_lazy("For a member who found work again. The number stays the same."),
    "resign": gettext_lazy(
        "The membership ends. The person may join again later and gets a new number then."
    ),
    "expel": gettext_lazy("Only by decision of the committee; its paper is kept with the step."),
    "move_away": gettext_lazy(
        "For a union outside this portal. Inside the district use a transfer, so that the number "
        "stays."
    ),
    "record_death": gettext_lazy("The membership ends on the day of death."),
    "annul": gettext_lazy(
        "For a membership that never was true: entered twice, or without the person's will. It is "
        "taken out of the figures of every past day."
    ),
}
DONE = {
    "retain": gettext_lazy("The membership is retained."),
    "reactivate": gettext_lazy("The membership is active again."),
    "resign": gettext_lazy("The membership ended: left the union."),
    "expel": gettext_lazy("The membership ended: expelled."),
    "move_away": gettext_lazy("The membership ended: moved to a union elsewhere."),
    "record_death": gettext_lazy("The membership ended: death recorded."),
    "annul": gettext_lazy("The membership was annulled."),
}
RISKY = ("resign", "expel", "move_away", "record_death", "annul")


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def member_change(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Take one step of the membership, with its day, reason and paper."""
    if verb not in TITLES:
        raise Http404
    membership = member(request, pk, P.APPROVE_APPLICATION)
    if request.method != "POST" and verb not in standing.possible(membership):
        messages.warning(request, _("This step is not possible now."))
        return redirect("members:member-detail", pk=pk)
    first = {"state": membership.state, "day": timezone.localdate()}
    form = ChangeForm(request.POST or None, request.FILES or None, verb=verb, initial=first)
    sheet = Sheet(
        title=TITLES[verb], button=_("Record it"), back=_address(membership),
        trail=member_trail(membership), notes=[NOTES[verb]], is_risky=verb in RISKY,
        takes_files=True,
    )  # fmt: skip
    return sheets.fill(request, sheet, form, lambda: _change(request, membership, form))


def _change(request: HttpRequest, membership: Membership, form: ChangeForm) -> str:
    by, scan = staff(request), form.cleaned_data["evidence"]
    evidence = scan.store(by=by, kind="membership_paper") if scan else None
    standing.change(
        membership=membership,
        change=form.change(evidence),
        by=by,
        seen_state=form.cleaned_data["state"],
    )
    messages.success(request, DONE[form.verb])
    return _address(membership)


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def member_group(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a member into another worker group from a day on."""
    membership = member(request, pk, P.APPROVE_APPLICATION)
    first = {"group": membership.group_id, "day": timezone.localdate()}
    form = GroupForm(request.POST or None, initial=first)
    sheet = Sheet(
        title=_("Change the group"), button=_("Change the group"), back=_address(membership),
        trail=member_trail(membership),
        notes=[_("Days before keep the old group, in the figures too.")],
    )  # fmt: skip
    return sheets.fill(request, sheet, form, lambda: _reclassify(request, membership, form))


def _reclassify(request: HttpRequest, membership: Membership, form: GroupForm) -> str:
    data = form.cleaned_data
    classification.reclassify(membership=membership, by=staff(request), **data)
    messages.success(request, _("The member is now in the group “%s”.") % data["group"])
    return _address(membership)


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def vehicle_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record one more vehicle of a member."""
    membership = member(request, pk, P.ENROL)
    form = VehicleForm(request.POST or None)
    sheet = Sheet(
        title=_("Add a vehicle"), button=_("Add the vehicle"), back=_address(membership),
        trail=member_trail(membership),
    )  # fmt: skip

    def run() -> str:
        data = form.cleaned_data
        classification.add_vehicle(
            membership=membership, plate=data["vehicle_plate"], day=data["day"], by=staff(request)
        )
        messages.success(request, _("The vehicle was added."))
        return _address(membership)

    return sheets.fill(request, sheet, form, run)


@desk(post=P.ENROL)
def vehicle_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a member drives a vehicle no longer, from today."""
    mine = Membership.objects.visible_to(staff(request), P.ENROL).filter(vehicles=pk)
    membership = get_object_or_404(mine)
    vehicle = get_object_or_404(MemberVehicle.objects.select_related("membership"), pk=pk)
    try:
        classification.end_vehicle(vehicle=vehicle, by=staff(request))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The vehicle was ended."))
    return redirect(_address(membership))


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def member_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send in an application of somebody who was a member before; nothing is typed again."""
    membership = member(request, pk, P.ENROL)
    first = {"unit": membership.unit_id, "group": membership.group_id}
    form = JoinAgainForm(
        request.POST or None, request.FILES or None, user=staff(request), initial=first
    )
    sheet = Sheet(
        title=_("Join again"), button=_("Send in the application"), back=_address(membership),
        trail=member_trail(membership), takes_files=True,
        notes=[
            _("The same person, a new membership: it gets a new number and its own day of joining. "
              "The old number is never used again.")
        ],
    )  # fmt: skip
    return sheets.fill(request, sheet, form, lambda: _join_again(request, membership, form))


def _join_again(request: HttpRequest, membership: Membership, form: JoinAgainForm) -> str:
    by, data = staff(request), form.cleaned_data
    evidence = data["evidence"].store(by=by, kind="signed_form")
    made = rejoining.apply_again(
        membership=membership, unit=data["unit"], group=data["group"], by=by, evidence=evidence,
        vehicle_plate=data["vehicle_plate"],
    )  # fmt: skip
    messages.success(request, _("The application of %(name)s was sent in.") % {"name": made.name})
    return reverse("members:application-detail", args=[made.pk])


def steps_of(membership: Membership) -> list[dict[str, str]]:
    """Return the steps the member's page offers: address and words."""
    return [
        {
            "url": reverse("members:member-change", args=[membership.pk, verb]),
            "label": str(TITLES[verb]),
        }
        for verb in standing.possible(membership)
    ]


def _address(membership: Membership) -> str:
    return reverse("members:member-detail", args=[membership.pk])
