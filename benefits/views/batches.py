"""Payout batches: build, submit, approve, release, carry to the bank, read its answer, settle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import bankfiles, batch_jobs, batch_work, payout_files, results, settlement
from benefits.actions.rights import finance_person
from benefits.models import LineSettlement, PayoutBatch, PayoutLine, Programme
from benefits.payout_forms import ResultForm, SettleForm
from benefits.payout_tables import BatchTable, LineTable
from benefits.queries.batch_page import batch_page, open_settlements, sum_in_words, to_do
from benefits.queries.cash import receipts_of
from benefits.queries.notices import ON_NOTICE, objections_of
from benefits.queries.payouts import obstacles
from benefits.queries.waiting import lists_waiting
from benefits.states.cards import FileState
from benefits.states.payouts import SENT_BATCH, BatchState, Channel, LineState
from benefits.transports import manual
from benefits.views.shared import (
    act,
    posted,
    require_finance,
    staff,
    status_of,
    submitted,
)
from unionportal.core import files, reveal
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.models import Job
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission, permissions_of
from unionportal.core.tables import Empty
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

P = Permission
MOST_SHOWN = 50


def _batch(request: HttpRequest, pk: UUID, permission: P = P.VIEW_MONEY) -> PayoutBatch:
    rows = PayoutBatch.objects.visible_to(request.user, permission).select_related(
        "programme__budget", "cycle", "made_by", "submitted_by", "approved_by", "second_by",
        "released_by",
    )  # fmt: skip
    return get_object_or_404(rows, pk=pk)


def _page_of(pk: UUID) -> str:
    return reverse("benefits:batch-detail", args=[pk])


@desk(P.VIEW_MONEY)
def batch_list(request: HttpRequest) -> HttpResponse:
    """List the batches, newest first, and let the maker build one."""
    rows = PayoutBatch.objects.visible_to(request.user)
    state = request.GET.get("state", "")
    if state in BatchState.values:
        rows = rows.filter(state=state)
    rows = lists_waiting(rows, request.GET.get("waits", ""))
    page = Keyset("-made_at", "-pk").page(
        rows.select_related("programme", "made_by", "approved_by"), request
    )
    tabs = [{"label": _("All"), "url": "?", "current": state not in BatchState.values}]
    shown = (BatchState.SUBMITTED, BatchState.NOTICE_CLOSED, BatchState.RECONCILING,
             BatchState.CLOSED)  # fmt: skip
    tabs += [{"label": one.label, "url": f"?state={one}", "current": state == one} for one in shown]
    empty = Empty(_("No batch here"), _("The maker builds one from everybody who can be paid now."))
    may_make = has_permission(request.user, P.MAKE_PAYOUT)
    context = {
        "page": page,
        "tabs": tabs,
        "table": BatchTable(page.rows, request=request, empty=empty),
        "programmes": Programme.objects.visible_to(request.user)
        .exclude(state="draft")
        .order_by("-created_at")
        if may_make
        else [],
    }
    return render(request, "benefits/batch_list.html", context)


@desk(post=P.MAKE_PAYOUT)
def batch_new(request: HttpRequest) -> HttpResponse:
    """Build a draft from everybody of a programme who can be paid now."""
    rows = Programme.objects.visible_to(request.user, P.MAKE_PAYOUT)
    try:
        pk = UUID(request.POST.get("programme", ""))
    except ValueError:
        messages.error(request, _("Choose a programme."))
        return redirect("benefits:batch-list")
    programme = get_object_or_404(rows, pk=pk)

    def run() -> str:
        made = batch_jobs.build(by=staff(request), programme=programme)
        words = _("The list %(number)s is made: %(count)d people. Look it through, then submit it.")
        if made.state == BatchState.BUILDING:
            words = _("The list %(number)s is being made. You may leave this page meanwhile.")
        messages.success(request, words % {"number": made.number, "count": made.line_count})
        return _page_of(made.pk)

    try:
        return submit_once(request, run)
    except Refused as refusal:
        if refusal.status != Refused.status:
            raise
        messages.error(request, str(refusal.message))
        return redirect("benefits:programme-detail", pk=programme.pk)


@desk(P.VIEW_MONEY)
def batch_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a batch: steps, sums, lines to act on (or all), checks, files, what may be done."""
    batch = _batch(request, pk)
    job = batch_jobs.open_job(batch)
    if request.headers.get("HX-Request"):
        return _progress(request, batch, job)
    everything = request.GET.get("lines") == "all" or batch.state not in SENT_BATCH
    lines = batch.lines.all() if everything else to_do(batch)
    page = Keyset("seq").page(lines.select_related("payee_account"), request, MOST_SHOWN)
    is_finance = bool({P.MAKE_PAYOUT, P.CHECK_PAYOUT} & permissions_of(request.user))
    table = LineTable(
        page.rows, request=request, settle_url=_settle_url if is_finance else None,
        empty=Empty(_("Nothing to act on"), _("No line failed or is unknown.")),
    )  # fmt: skip
    context = {
        "batch": batch,
        "show": batch_page(batch, staff(request)),
        "in_words": sum_in_words(batch),
        "everything": everything,
        "to_do": to_do(batch).count(),
        "page": page,
        "table": table,
        "version": batch.lines_digest,
        "job": job,
        "job_error": batch_jobs.last_error(batch),
        "obstacles": obstacles(batch.programme) if batch.state == BatchState.DRAFT else [],
        "settlements": open_settlements(batch),
        "objections": objections_of(batch),
        "hangs": batch.state in ON_NOTICE and batch.programme.notice_days > 0,
        "receipts": receipts_of(batch)[:20] if batch.channel == Channel.CASH else [],
        "is_finance": is_finance,
        "budget": batch.programme.budget,
    }
    return render(request, "benefits/batch_detail.html", context)


def _progress(request: HttpRequest, batch: PayoutBatch, job: Job | None) -> HttpResponse:
    """Show how far the work on a list is; the whole page again once it is done."""
    response = render(request, "benefits/_batch_work.html", {"batch": batch, "job": job})
    if job is None:
        response["HX-Refresh"] = "true"
    return response


def _settle_url(line: PayoutLine) -> str:
    return reverse("benefits:line-settle", args=[line.pk])


def _step(
    request: HttpRequest, pk: UUID, right: P, run: Callable[[PayoutBatch], Any], done: str
) -> HttpResponse:
    batch = _batch(request, pk, right)
    return act(request, lambda: run(batch), done % {"number": batch.number}, _page_of(pk))


def _decide(
    request: HttpRequest, pk: UUID, right: P, verb: str, done: str, **values: str
) -> HttpResponse:
    """Take a decision about a list; a long one is worked on behind the page, which says so."""
    batch = _batch(request, pk, right)
    words = done % {"number": batch.number}
    if not batch_work.is_short(batch):
        words = _("%(number)s is being worked on. You may leave this page meanwhile.") % {
            "number": batch.number
        }
    return act(
        request, lambda: batch_jobs.ask(verb, by=staff(request), batch=batch, **values), words,
        _page_of(pk),
    )  # fmt: skip


@desk(post=P.MAKE_PAYOUT)
def batch_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hand a draft to the checker."""
    done = _("%(number)s was submitted. Another person checks it now.")
    return _decide(request, pk, P.MAKE_PAYOUT, "submit", done)


@desk(post=P.CHECK_PAYOUT)
def batch_approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Approve the list as it was shown (hidden `version`)."""
    done = _("You approved %(number)s. Its lines cannot change any more.")
    version = request.POST.get("version", "")
    return _decide(request, pk, P.CHECK_PAYOUT, "approve", done, version=version)


@desk(post=P.CHECK_PAYOUT)
def batch_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send an approved list to the bank."""
    done = _("%(number)s is released. The bank's answers appear here.")
    return _decide(request, pk, P.CHECK_PAYOUT, "release", done)


@desk(post=P.CHECK_PAYOUT)
def batch_reject(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse a list with a reason."""
    done = _("%(number)s was rejected. Its people can go on another list.")
    reason = request.POST.get("reason", "")
    return _decide(request, pk, P.CHECK_PAYOUT, "reject", done, reason=reason)


@desk(post=P.MAKE_PAYOUT)
def batch_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a list back with a reason."""
    done = _("%(number)s was cancelled. Its people can go on another list.")
    reason = request.POST.get("reason", "")
    return _decide(request, pk, P.MAKE_PAYOUT, "cancel", done, reason=reason)


@desk(post=P.VIEW_MONEY)
def batch_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the bank's file to a maker or checker; logged as a reveal."""
    require_finance(request)
    batch = _batch(request, pk)
    try:
        number = request.POST.get("number", "")
        name, content = payout_files.download(by=staff(request), batch=batch, number=number)
    except Refused as refusal:
        if refusal.status != Refused.status:
            raise
        messages.error(request, str(refusal.message))
        return redirect(_page_of(pk))
    return manual.download(name, content)


@desk(post=P.VIEW_MONEY)
def batch_handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a person gave the file to the bank."""
    require_finance(request)
    return _step(
        request, pk, P.VIEW_MONEY,
        lambda batch: payout_files.hand_over(by=staff(request), batch=batch),
        _("%(number)s is with the bank. Upload its answer when it comes."),
    )  # fmt: skip


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def batch_upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the bank's answer by hand."""
    require_finance(request)
    batch = _batch(request, pk)
    form = ResultForm(posted(request), request.FILES or None)

    def run() -> str:
        _take_result(request, form.cleaned_data["file"])
        return _page_of(pk)

    return submitted(request, form, run) or render(
        request, "benefits/batch_upload.html", {"form": form, "batch": batch},
        status=status_of(form),
    )  # fmt: skip


def _take_result(request: HttpRequest, upload: Any) -> None:
    content = files.read_upload(upload)
    if not results.is_about_payouts(content):
        raise Refused(
            _("This is no answer about payouts. Upload the file as the bank gave it."),
            code="not_a_result", field="file",
        )  # fmt: skip
    by = staff(request)
    receipt = bankfiles.receive(
        content=content, name=upload.name, by=by, brought_key=finance_person(by)
    )
    if receipt.is_repeat:
        messages.info(request, _("This file was taken before. Nothing changed."))
    elif receipt.file.state == FileState.HELD:
        messages.success(
            request,
            _("The answer about %(number)s fits: %(count)d lines. Another person must confirm it.")
            % {"number": receipt.file.number, "count": receipt.file.line_count},
        )
    else:
        messages.error(
            request,
            _("The file does not fit what was sent. Nothing of it was applied; see why below."),
        )


def _line(request: HttpRequest, pk: UUID) -> PayoutLine:
    rows = PayoutLine.objects.visible_to(request.user).select_related(
        "batch__programme", "payee_account"
    )
    return get_object_or_404(rows, pk=pk)


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def line_settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say how an unknown line ended, with a document, for a second person to confirm."""
    require_finance(request)
    line = _line(request, pk)
    possible = settlement.POSSIBLE.get(LineState(line.state), ())
    form = SettleForm(posted(request), request.FILES or None, possible=possible)

    @transaction.atomic
    def run() -> str:
        data = form.cleaned_data
        document = data["document"].store(by=staff(request), kind="line_settlement")
        settlement.propose(
            by=staff(request), line=line, outcome=data["outcome"], note=data["note"],
            document=document,
        )  # fmt: skip
        messages.success(request, _("Recorded. Another person must confirm it."))
        return _page_of(line.batch_id)

    context = {
        "form": form,
        "line": line,
        "batch": line.batch,
        "evidence": line.evidence.order_by("-recorded_at", "-pk"),
    }
    return submitted(request, form, run) or render(
        request, "benefits/line_settle.html", context, status=status_of(form)
    )


def _settlement(request: HttpRequest, pk: UUID) -> LineSettlement:
    lines = PayoutLine.objects.visible_to(request.user)
    rows = LineSettlement.objects.filter(line__in=lines).select_related("line", "document")
    return get_object_or_404(rows, pk=pk)


@desk(post=P.VIEW_MONEY)
def settlement_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm how a line ended, as a second person."""
    require_finance(request)
    decision = _settlement(request, pk)
    return act(
        request, lambda: settlement.confirm(by=staff(request), settlement=decision),
        _("Confirmed. The line ended by it."), _page_of(decision.line.batch_id),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def settlement_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse what another person said about a line, with a reason."""
    require_finance(request)
    decision = _settlement(request, pk)
    reason = request.POST.get("reason", "")
    return act(
        request, lambda: settlement.decline(by=staff(request), settlement=decision, reason=reason),
        _("Declined. The line stays as it is."), _page_of(decision.line.batch_id),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def settlement_document(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the document behind a decision to a maker or checker; logged as a reveal."""
    require_finance(request)
    decision = _settlement(request, pk)
    content = files.open_content(decision.document)
    reveal.log(decision, by=staff(request), fields=["document"], reason="document of a decision")
    return attachment_response(content, decision.document.content_type, decision.document.name)
