"""What a person decides about their own data: consents, and requests that officers answer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from members.actions import consents, requests
from members.forms import ReasonForm
from members.models import ConsentNotice, DataRequest, Membership
from members.people_forms import AnswerForm, ConsentForm, RequestFilterForm
from members.queries.consents import consent_lines
from members.states import RequestState
from members.tables import DataRequestTable
from members.views import sheets
from members.views.shared import member, member_trail, staff
from members.views.sheets import Sheet
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
BY_DEADLINE = Keyset("due_on", "pk")


@desk(P.APPROVE_APPLICATION)
@never_cache
def member_consents(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what a member agreed to, with the notices, and what officers can record."""
    membership = member(request, pk, P.APPROVE_APPLICATION)
    context = {
        "membership": membership,
        "person": membership.person,
        "lines": consent_lines(membership.person),
    }
    return render(request, "members/consents.html", context)


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def consent_give(request: HttpRequest, pk: UUID, purpose: str) -> HttpResponse:
    """Record a consent that was signed on paper."""
    membership = member(request, pk, P.APPROVE_APPLICATION)
    notice = _notice(purpose)
    form = ConsentForm(
        request.POST or None, request.FILES or None, initial={"version": notice.version}
    )
    sheet = Sheet(
        title=_("Record a consent: %s") % notice.get_purpose_display(), button=_("Record it"),
        back=_address(membership), trail=_trail(membership), notes=[notice.text], takes_files=True,
    )  # fmt: skip

    def run() -> str:
        by, scan = staff(request), form.cleaned_data["evidence"]
        consents.give(
            person=membership.person, purpose=purpose, by=by, version=form.cleaned_data["version"],
            evidence=scan.store(by=by, kind="consent"),
        )  # fmt: skip
        messages.success(request, _("The consent was recorded."))
        return _address(membership)

    return sheets.fill(request, sheet, form, run)


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def consent_withdraw(request: HttpRequest, pk: UUID, purpose: str) -> HttpResponse:
    """Record that a member took a consent back."""
    membership = member(request, pk, P.APPROVE_APPLICATION)
    notice = _notice(purpose)
    form = ReasonForm(request.POST or None)
    sheet = Sheet(
        title=_("Withdraw a consent: %s") % notice.get_purpose_display(), button=_("Withdraw it"),
        back=_address(membership), trail=_trail(membership), notes=[effect_of(purpose)],
        is_risky=True,
    )  # fmt: skip

    def run() -> str:
        consents.withdraw(
            person=membership.person, purpose=purpose, by=staff(request),
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
        messages.success(request, _("The consent was withdrawn."))
        return _address(membership)

    return sheets.fill(request, sheet, form, run)


def effect_of(purpose: str) -> str:
    """Say what a withdrawal does, before it is done."""
    return {
        "membership": _(
            "From now on nothing is done with the record but storing it. The union ends the "
            "membership."
        ),
        "card": _("No card is asked for any more. A card the bank has made stays with the bank."),
        "payout": _("No more subsidies are paid to this person until the consent is given again."),
    }[purpose]


def _notice(purpose: str) -> ConsentNotice:
    notice = consents.current_notices().get(purpose)
    if notice is None:
        raise Http404
    return notice


def _address(membership: Membership) -> str:
    return reverse("members:member-consents", args=[membership.pk])


def _trail(membership: Membership) -> list[dict[str, str]]:
    return [*member_trail(membership), {"url": _address(membership), "label": _("Consent")}]


@desk(P.APPROVE_APPLICATION)
def request_list(request: HttpRequest) -> HttpResponse:
    """List what people asked about their own data, the nearest deadline first."""
    user = staff(request)
    form = RequestFilterForm(request.GET, user=user)
    rows = DataRequest.objects.none()
    if form.is_valid():
        rows = DataRequest.objects.visible_to(user, P.APPROVE_APPLICATION).filter(**form.wanted())
    page = BY_DEADLINE.page(rows.select_related("person").defer(*SECRETS), request)
    empty = Empty(_("No requests here"), _("Everything is answered, or a filter hides the rest."))
    context = {
        "form": form,
        "page": page,
        "table": DataRequestTable(page.rows, request=request, empty=empty),
    }
    return render(
        request, "members/request_list.html", context, status=200 if form.is_valid() else 400
    )


SECRETS = ("text", "person__id_number", "person__phone", "person__residence_text")


@desk(P.APPROVE_APPLICATION)
@never_cache
def request_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one request, what the person wrote, and how to answer it."""
    asked = _request(request, pk)
    mine = Membership.objects.visible_to(staff(request)).filter(person=asked.person_id)
    context = {
        "asked": asked,
        "person": asked.person,
        "membership": mine.order_by("-joined_on").first(),
        "is_open": asked.state == RequestState.OPEN,
    }
    return render(request, "members/request_detail.html", context)


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def request_answer(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Close a request: done, or refused with the reason the person reads."""
    if verb not in ("fulfil", "refuse"):
        raise Http404
    asked = _request(request, pk)
    address = reverse("members:request-detail", args=[pk])
    form = AnswerForm(request.POST or None, verb=verb)
    sheet = Sheet(
        title=_("Say what was done") if verb == "fulfil" else _("Refuse the request"),
        button=_("Close the request"), back=address, is_risky=verb == "refuse",
        trail=[
            {"url": reverse("members:request-list"), "label": _("Requests about own data")},
            {"url": address, "label": asked.get_kind_display()},
        ],
        notes=[answer_note(asked, verb)],
    )  # fmt: skip

    def run() -> str:
        act = requests.fulfil if verb == "fulfil" else requests.refuse
        act(request=asked, by=staff(request), answer=form.cleaned_data["answer"])
        messages.success(request, _("The request was closed."))
        return address

    return sheets.fill(request, sheet, form, run)


def answer_note(asked: DataRequest, verb: str) -> str:
    """Say what the answer does."""
    if verb == "refuse":
        return _("The person reads this reason on the own page.")
    if asked.kind == DataRequest.Kind.DELETE:
        return _(
            "The person's identity is removed for good. Counts of past days and the money ledger "
            "stay. The membership must have ended before."
        )
    return _("Write the correction first, then close the request here.")


def _request(request: HttpRequest, pk: UUID) -> DataRequest:
    rows = DataRequest.objects.visible_to(staff(request), P.APPROVE_APPLICATION)
    slim = rows.select_related("person", "closed_by").defer(*SECRETS[1:])
    found: DataRequest = get_object_or_404(slim, pk=pk)
    return found
