"""Cash: the pay list to print, and the receipts that come back with signatures."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import cash
from benefits.cash_forms import ReceiptForm
from benefits.models import CashReceipt, PayoutBatch
from benefits.queries.cash import pay_list
from benefits.states.payouts import Channel, LineState
from benefits.views.shared import act, posted, require_finance, staff, status_of, submitted
from unionportal.core import files, reveal
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

P = Permission
LINES_ON_A_PAGE = 100


def _batch(request: HttpRequest, pk: UUID) -> PayoutBatch:
    require_finance(request)
    rows = PayoutBatch.objects.visible_to(request.user).select_related("programme", "released_by")
    return get_object_or_404(rows, pk=pk)


def _page_of(pk: UUID) -> str:
    return reverse("benefits:batch-detail", args=[pk])


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def pay_list_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the pay list of a released batch by a post; show it for printing once it was taken."""
    batch = _batch(request, pk)
    if request.method == "POST":
        return act(
            request, lambda: cash.take_pay_list(by=staff(request), batch=batch),
            _("The lines are out now. Print the list, and bring it back signed."),
            reverse("benefits:pay-list", args=[pk]),
        )  # fmt: skip
    lines = pay_list(batch)
    if batch.channel != Channel.CASH or lines.filter(state=LineState.SENDING).exists():
        return redirect(_page_of(pk))
    page = Keyset("seq").page(lines, request, LINES_ON_A_PAGE)
    rows = list(page.rows)
    context = {"batch": batch, "page": page, "rows": rows,
               "page_fen": sum(line.amount_fen for line in rows)}  # fmt: skip
    return render(request, "benefits/pay_list.html", context)


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def receipt_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record what a signed pay list shows, for a second person to confirm."""
    batch = _batch(request, pk)
    form = ReceiptForm(posted(request), request.FILES or None)

    @transaction.atomic
    def run() -> str:
        data = form.cleaned_data
        cash.record(
            by=staff(request), batch=batch, paid_on=data["paid_on"], paid=data["paid"],
            unpaid=data["unpaid"], scan=data["scan"].store(by=staff(request), kind="cash_receipt"),
        )  # fmt: skip
        messages.success(request, _("Recorded. Another person must confirm it."))
        return _page_of(pk)

    context = {"form": form, "batch": batch}
    return submitted(request, form, run) or render(
        request, "benefits/receipt_new.html", context, status=status_of(form)
    )


def _receipt(request: HttpRequest, pk: UUID) -> CashReceipt:
    require_finance(request)
    seen = PayoutBatch.objects.visible_to(request.user)
    rows = CashReceipt.objects.filter(batch__in=seen).select_related("scan")
    return get_object_or_404(rows, pk=pk)


@desk(post=P.VIEW_MONEY)
def receipt_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm what somebody else recorded."""
    receipt = _receipt(request, pk)
    return act(
        request, lambda: cash.confirm(by=staff(request), receipt=receipt),
        _("Confirmed. Its lines ended by it."), _page_of(receipt.batch_id),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def receipt_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse what somebody else recorded, with a reason."""
    receipt = _receipt(request, pk)
    reason = request.POST.get("reason", "")
    return act(
        request, lambda: cash.decline(by=staff(request), receipt=receipt, reason=reason),
        _("Declined. Its lines stay as they are."), _page_of(receipt.batch_id),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def receipt_scan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the scan of a signed pay list to a maker or checker; logged as a reveal."""
    receipt = _receipt(request, pk)
    content = files.open_content(receipt.scan)
    reveal.log(receipt, by=staff(request), fields=["scan"], reason="signed pay list")
    return attachment_response(content, receipt.scan.content_type, receipt.scan.name)
