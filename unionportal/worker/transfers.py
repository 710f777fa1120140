"""The member's side of a transfer: the link of the text message, and the status page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from members.models import Membership, Transfer
from members.queries import status_of
from members.states import Confirmation
from members.transfers import actions
from members.transfers.queries import shown, unit_for_wish, units_near
from members.transfers.states import WAITING_TRANSFER
from unionportal.core.errors import Refused
from unionportal.worker import identity


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def transfer_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let a member say yes or no to a transfer; opening the link writes nothing."""
    found = shown(Transfer.objects.all()).filter(token=token).first()
    context: dict[str, object] = {"transfer": found, "waits": _waits(found)}
    if request.method != "POST":
        code = 200 if found else 404
        return render(request, "worker/transfer.html", context, status=code)
    try:
        done = actions.answer_by_link(token=token, agrees=request.POST.get("answer") == "yes")
    except Refused as refusal:
        context["refusal"] = refusal.message
        return render(request, "worker/transfer.html", context, status=refusal.status)
    return render(request, "worker/transfer_done.html", {"transfer": done})


def _waits(transfer: Transfer | None) -> bool:
    """Whether the member can still say something."""
    return transfer is not None and transfer.state in WAITING_TRANSFER


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def status_move(request: HttpRequest) -> HttpResponse:
    """Let a member who proved who he or she is ask to move: find the new union, send the wish."""
    visiting = identity.visitor(request)
    if visiting is None or not visiting.may_see_all:
        return redirect("worker:status")
    membership = status_of(visiting.person).membership
    if membership is None or actions.open_of(membership):
        return redirect("worker:status-answer")
    typed = (request.POST or request.GET).get("q", "").strip()[:60]
    context: dict[str, object] = {"typed": typed, "units": units_near(typed), "refusal": ""}
    if request.method == "POST":
        try:
            _wish(request, membership)
        except Refused as refusal:
            context["refusal"] = refusal.message
            return render(request, "worker/status_move.html", context, status=refusal.status)
        messages.success(request, _("Your wish was sent. The new union answers now."))
        return redirect("worker:status-answer")
    return render(request, "worker/status_move.html", context)


def _wish(request: HttpRequest, membership: Membership) -> None:
    unit = unit_for_wish(request.POST.get("unit", ""))
    if unit is None:
        raise Refused(_("Choose the union you work under now."), code="no_unit")
    actions.wish(membership=membership, unit=unit)


@require_POST
@never_cache
def status_transfer(request: HttpRequest) -> HttpResponse:
    """Take the yes or no of a member who proved who he or she is on the status page."""
    visiting = identity.visitor(request)
    if visiting is None or not visiting.may_see_all:
        return redirect("worker:status")
    membership = status_of(visiting.person).membership
    found = actions.open_of(membership) if membership else None
    if found is None:
        return redirect("worker:status-answer")
    agrees = request.POST.get("answer") == "yes"
    try:
        actions.answer_self(transfer=found, agrees=agrees, confirmation=Confirmation.SELF)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        said = _("You agreed to the transfer.") if agrees else _("You said no to the transfer.")
        messages.success(request, said)
    return redirect("worker:status-answer")
