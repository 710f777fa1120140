"""Desk pages of transfers: list, ask, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from members.fields import ScanUpload
from members.forms import ReasonForm
from members.models import Membership, Transfer
from members.queries.history import timeline_of
from members.states import Confirmation
from members.transfers import actions, queries
from members.transfers.forms import (
    VIEWS,
    AcceptForm,
    ConsentPaperForm,
    PullForm,
    PushForm,
    TransferFilterForm,
)
from members.transfers.states import TransferKind, TransferState
from members.transfers.tables import TRANSFER_KINDS, TransferTable
from members.views.shared import staff
from unionportal.core import limits
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.models import Attachment, User
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
NEWEST_FIRST = Keyset("-requested_at", "-pk")
# Requests by number in a day: a stolen account must not find out who is a member.
PULLS = limits.Limit("transfer-pull", 100, 86_400)


@desk(P.VIEW_MEMBERS)
def transfer_list(request: HttpRequest) -> HttpResponse:
    """List transfers: what waits for the reader, what the reader waits for, what is closed."""
    user = staff(request)
    form = TransferFilterForm(request.GET, user=user)
    view = (form.is_valid() and form.cleaned_data["view"]) or _first_view(user)
    page = NEWEST_FIRST.page(queries.transfer_list(user, view), request)
    empty = Empty(_("No transfers here"), _("Ask for a member who came to you from elsewhere."))
    context = {
        "page": page,
        "table": TransferTable(
            page.rows, request=request, empty=empty, known=queries.known_origins(user, page.rows)
        ),
        "tabs": [
            {"label": label, "url": f"?view={key}", "current": key == view} for key, label in VIEWS
        ],
        "may_ask": has_permission(user, P.ENROL),
        "may_take_in": has_permission(user, P.APPROVE_APPLICATION),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "members/transfer_list.html", context, status=status)


def _first_view(user: User) -> str:
    if has_permission(user, P.APPROVE_APPLICATION):
        return "answer"
    return "asked" if has_permission(user, P.ENROL) else "all"


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def transfer_pull(request: HttpRequest) -> HttpResponse:
    """Ask that a member comes to one's own union."""
    if request.method != "POST":
        form = PullForm(user=staff(request), initial={"unit": request.GET.get("unit", "")})
        return render(request, "members/transfer_pull.html", {"form": form})
    form = PullForm(request.POST, request.FILES, user=staff(request))
    status = _submit(request, form, lambda: _pull(request, form), PULLS)
    if isinstance(status, HttpResponse):
        return status
    return render(request, "members/transfer_pull.html", {"form": form}, status=status)


def _submit(
    request: HttpRequest, form: Form, run: Callable[[], Transfer], limit: limits.Limit | None = None
) -> HttpResponse | int:
    """Post a creating form once; return the redirect, or the status of the page to show again."""
    if not form.is_valid():
        return 400
    try:
        if limit is not None:
            limits.require(limit, str(request.user.pk))
        return submit_once(request, lambda: run().get_absolute_url())
    except Refused as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, str(refusal.message))
        return refusal.status


def _pull(request: HttpRequest, form: PullForm) -> Transfer:
    data, by = form.cleaned_data, staff(request)
    made = actions.pull(
        by=by,
        name=data["name"],
        id_type=data["id_type"],
        id_number=data["id_number"],
        unit=data["unit"],
        employer=form.employer_found,
        reason=data["reason"],
        paper=_store(data["paper"], request, "transfer_wish"),
    )
    messages.success(request, _asked(made))
    return made


def _asked(made: Transfer) -> str:
    if made.state == TransferState.REQUESTED:
        return _("The transfer was asked for. The member gets a text message now.")
    return _("The transfer was asked for. The other side is to answer now.")


def _store(upload: ScanUpload | None, request: HttpRequest, kind: str) -> Attachment | None:
    return upload.store(by=staff(request), kind=kind) if upload else None


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def transfer_push(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a member on to another union, of this district or outside."""
    rows = Membership.objects.visible_to(staff(request), P.ENROL).select_related("unit", "person")
    membership = get_object_or_404(rows, pk=pk)
    form, status = PushForm(user=staff(request)), 200
    if request.method == "POST":
        form = PushForm(request.POST, request.FILES, user=staff(request))
        answer = _submit(request, form, lambda: _push(request, form, membership))
        if isinstance(answer, HttpResponse):
            return answer
        status = answer
    context = {"form": form, "membership": membership, "person": membership.person}
    return render(request, "members/transfer_push.html", context, status=status)


def _push(request: HttpRequest, form: PushForm, membership: Membership) -> Transfer:
    data = form.cleaned_data
    shared: dict[str, Any] = {
        "by": staff(request),
        "membership": membership,
        "reason": data["reason"],
        "paper": _store(data["paper"], request, "transfer_wish"),
    }
    if form.unit_found is None:
        made = actions.send_away(outside_name=data["destination"], **shared)
    else:
        made = actions.push(unit=form.unit_found, **shared)
    messages.success(request, _asked(made))
    return made


@desk(P.VIEW_MEMBERS)
@never_cache
def transfer_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a case, where it stands and what the reader may do."""
    return _page(request, _transfer(request, pk))


def _transfer(request: HttpRequest, pk: UUID, permission: P | None = None) -> Transfer:
    rows = queries.shown(Transfer.objects.visible_to(staff(request), permission))
    found: Transfer = get_object_or_404(rows, pk=pk)
    return found


def _page(
    request: HttpRequest, transfer: Transfer, status: int = 200, **forms: Form
) -> HttpResponse:
    user = staff(request)
    transfer.refresh_from_db(fields=["state", "answer", "due_on", "closed_at"])
    knows = bool(queries.known_origins(user, [transfer]))
    visible = Membership.objects.visible_to(user).filter(pk=transfer.membership_id).exists()
    context = {
        "transfer": transfer,
        "person": transfer.membership.person,
        "knows_origin": knows,
        "sees_member": visible,
        "may_open": has_permission(user, P.REVEAL),
        "kind_of_state": TRANSFER_KINDS[TransferState(transfer.state)],
        "has_letter": transfer.kind == TransferKind.OUTWARD
        and transfer.confirmation != Confirmation.NONE,
        "is_late": transfer.closed_at is None and transfer.due_on < timezone.localdate(),
        "verbs": queries.verbs_for(user, transfer),
        "entries": _entries(transfer, user.get_username(), knows=knows),
        "consent_form": ConsentPaperForm(auto_id="consent_%s"),
        "accept_form": _accept_form(transfer),
        "refuse_form": ReasonForm(auto_id="refuse_%s"),
        **forms,
    }
    return render(request, "members/transfer_detail.html", context, status=status)


def _accept_form(transfer: Transfer, *data: Any) -> AcceptForm:
    return AcceptForm(
        *data,
        auto_id="accept_%s",
        initial={"moves_on": timezone.localdate()},
        needs_letter=transfer.kind == TransferKind.OUTWARD,
    )


def _entries(transfer: Transfer, own: str, *, knows: bool) -> list[dict[str, Any]]:
    """Tell the case; an officer's name would tell where the member is."""
    entries = timeline_of(transfer)
    for entry in entries:
        if not knows and entry["by"] != own:
            entry["by"] = ""
    return entries


@desk(post=P.ENROL)
def transfer_consent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record the member's yes on paper."""
    transfer = _transfer(request, pk, P.ENROL)
    form = ConsentPaperForm(request.POST, request.FILES, auto_id="consent_%s")

    def run() -> Transfer:
        paper = _store(form.cleaned_data["paper"], request, "transfer_wish")
        return actions.consent(
            by=staff(request),
            transfer=transfer,
            confirmation=Confirmation.PAPER_FORM,
            paper=paper,
        )

    done = _("The member's yes was recorded. The other side is to answer now.")
    return _decide(request, transfer, form, run, done, "consent_form")


def _decide(
    request: HttpRequest,
    transfer: Transfer,
    form: Form,
    run: Callable[[], Transfer],
    done: str,
    name: str,
) -> HttpResponse:
    answer = _submit(request, form, run)
    if isinstance(answer, HttpResponse):
        messages.success(request, done)
        return answer
    return _page(request, _transfer(request, transfer.pk), answer, **{name: form})


@desk(post=P.APPROVE_APPLICATION)
def transfer_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Agree for the side that is asked."""
    transfer = _transfer(request, pk, P.APPROVE_APPLICATION)
    form = _accept_form(transfer, request.POST, request.FILES)

    def run() -> Transfer:
        return actions.accept(
            by=staff(request),
            transfer=transfer,
            moves_on=form.cleaned_data["moves_on"],
            paper=_store(form.cleaned_data.get("paper"), request, "transfer_letter"),
        )

    done = _("The transfer was accepted.")
    return _decide(request, transfer, form, run, done, "accept_form")


@desk(post=P.APPROVE_APPLICATION)
def transfer_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say no for the side that is asked, with the reason."""
    transfer = _transfer(request, pk, P.APPROVE_APPLICATION)
    form = ReasonForm(request.POST, auto_id="refuse_%s")

    def run() -> Transfer:
        reason = form.cleaned_data["reason"]
        return actions.refuse(by=staff(request), transfer=transfer, reason=reason)

    done = _("The transfer was refused. The member is told.")
    return _decide(request, transfer, form, run, done, "refuse_form")


@desk(post=P.ENROL)
def transfer_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take one's own request back."""
    transfer = _transfer(request, pk, P.ENROL)
    actions.withdraw(by=staff(request), transfer=transfer)
    messages.success(request, _("The transfer was taken back. The member is told."))
    return redirect("members:transfer-detail", pk=pk)


@desk(post=P.ENROL)
def transfer_escalate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put one's own request before the unit above both sides."""
    transfer = _transfer(request, pk, P.ENROL)
    try:
        actions.escalate(by=staff(request), transfer=transfer)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The union above both sides decides now."))
    return redirect(reverse("members:transfer-detail", args=[pk]))
