"""The books read from the top down: each fen from its budget to the bank's line."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from benefits import statement_files
from benefits.actions import books
from benefits.book_forms import StatementExportForm, StatementForm
from benefits.book_tables import BatchSumsTable, EntryTable, PostingTable, ProofTable
from benefits.models import Account, Budget, PayoutBatch, PayoutLine, Posting, Programme
from benefits.queries import books as reading
from benefits.queries import statements
from benefits.queries.line_page import timeline_of
from benefits.queries.payouts import lines_digest
from benefits.states.payouts import Benefit, LineState
from benefits.views.shared import staff
from benefits.words import LINE_KINDS
from unionportal.core.errors import Refused
from unionportal.core.models import Job
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

P = Permission
LONGEST_DIGEST = 5_000
MOST_BUDGETS = 20


@desk(P.VIEW_MONEY)
def ledger_page(request: HttpRequest) -> HttpResponse:
    """Show the books: each budget's pots, the last comparison, the postings."""
    seen = Programme.objects.visible_to(request.user).select_related("budget")
    budgets = list(seen.order_by("-created_at", "-pk")[:MOST_BUDGETS])
    pots = reading.pots_of([one.budget_id for one in budgets])
    rows = Posting.objects.visible_to(request.user).select_related("account__budget")
    page = Keyset("-pk").page(rows, request)
    context = {
        "budgets": [{"programme": one, "pots": pots[one.budget_id]} for one in budgets],
        "check": reading.last_check(),
        "page": page,
        "table": PostingTable(page.rows, request=request, empty=Empty(_("No postings yet"))),
    }
    return render(request, "benefits/ledger.html", context)


@desk(post=P.VIEW_MONEY)
def books_check(request: HttpRequest) -> HttpResponse:
    """Compare the books now, behind the page."""
    job = books.start_check(by=staff(request))
    messages.success(request, _("The books are being compared. The page shows it when it is done."))
    return redirect("core:job-detail", pk=job.pk)


@desk(P.VIEW_MONEY)
def budget_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a budget: its accounts, the sums that must repeat it, who raised it, its lists."""
    seen = Programme.objects.visible_to(request.user).select_related("budget")
    programme = get_object_or_404(seen, budget_id=pk)
    pots = reading.pots_of([pk])[pk]
    page = Keyset("-made_at", "-pk").page(programme.batches.all(), request)
    table = BatchSumsTable(
        page.rows, request=request, sums=reading.sums_by_batch(page.rows),
        empty=Empty(_("No list yet")),
    )  # fmt: skip
    changes = programme.budget.changes.select_related("proposed_by", "decided_by")
    context = {
        "programme": programme,
        "budget": programme.budget,
        "in_flight": pots["in_flight"],
        "accounts": [
            {"account": one, "name": reading.account_name(one)}
            for one in reading.accounts_of(programme.budget)
        ],
        "equalities": reading.equalities(programme, pots),
        "changes": changes.order_by("-proposed_at", "-pk"),
        "change": reading.waiting_change(programme.budget),
        "may_check": has_permission(request.user, P.CHECK_PAYOUT),
        "is_money": programme.benefit == Benefit.CASH,
        "page": page,
        "table": table,
    }
    return render(request, "benefits/budget_detail.html", context)


@desk(P.VIEW_MONEY)
def batch_proof(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a list's lines with what proves each, or only the paid ones on no statement yet."""
    seen = PayoutBatch.objects.visible_to(request.user).select_related(
        "programme__budget", "submitted_by", "approved_by", "second_by", "released_by"
    )
    batch = get_object_or_404(seen, pk=pk)
    lines = PayoutLine.objects.visible_to(request.user).filter(batch=batch)
    missing = reading.unproven(lines)
    is_open = request.GET.get("show") == "unproven"
    page = Keyset("seq").page((missing if is_open else lines).select_related("file"), request)
    count = missing.count()
    context = {
        "batch": batch,
        "sums": reading.sums_of(lines),
        "unproven": count,
        "is_same": _is_same(batch),
        "tabs": [
            {"label": _("All lines"), "url": "?", "current": not is_open},
            {"label": _("Paid, on no statement yet"), "url": "?show=unproven", "count": count,
             "current": is_open},
        ],
        "page": page,
        "table": ProofTable(reading.proof_rows(page.rows), request=request,
                            empty=Empty(_("No line here"))),
    }  # fmt: skip
    return render(request, "benefits/batch_proof.html", context)


def _is_same(batch: PayoutBatch) -> bool | None:
    """Say whether the lines are those that were approved; None when too long to look here."""
    if not batch.lines_digest or batch.line_count > LONGEST_DIGEST:
        return None
    return lines_digest(batch) == batch.lines_digest


@desk(P.VIEW_MONEY)
def line_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one line: its terms, its state, its proof, and everything that happened to it."""
    rows = PayoutLine.objects.visible_to(request.user).select_related(
        "batch__programme__budget", "batch__made_by", "batch__submitted_by", "batch__approved_by",
        "batch__second_by", "batch__released_by", "payee_account", "file",
        "entitlement__version", "entitlement__cycle",
    )  # fmt: skip
    line = get_object_or_404(rows, pk=pk)
    (proof,) = reading.proof_rows([line])
    context = {
        "line": line,
        "batch": line.batch,
        "kind": LINE_KINDS[LineState(line.state)],
        "proof": proof,
        "entries": timeline_of(line),
    }
    return render(request, "benefits/line_detail.html", context)


def _account(request: HttpRequest, pk: UUID) -> Account:
    seen = Budget.objects.filter(programme__in=Programme.objects.visible_to(request.user))
    rows = Account.objects.filter(budget__in=seen).select_related("budget__programme")
    return get_object_or_404(rows, pk=pk)


@desk(P.VIEW_MONEY)
def account_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an account's statement, newest first, with the balance after each movement."""
    account = _account(request, pk)
    form = StatementForm(request.GET)
    piece = statements.span(account, **form.days()) if form.is_valid() else None
    rows = piece.rows if piece else Posting.objects.none()
    page = Keyset("-pk").page(statements.with_places(rows), request)
    context = {
        "account": account,
        "name": reading.account_name(account),
        "form": form,
        "page": page,
        "table": EntryTable(
            statements.entries(account, page.rows), request=request,
            empty=Empty(_("Nothing was posted in these days.")),
        ),
    }  # fmt: skip
    status = 200 if form.is_valid() else 400
    return render(request, "benefits/account_detail.html", context, status=status)


@desk(post=P.VIEW_MONEY)
def account_export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a statement as a workbook or CSV; a long one is written by a job."""
    account = _account(request, pk)
    form = StatementExportForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(one[0]) for one in form.errors.values()))
        return redirect("benefits:account-detail", pk=pk)
    kind = form.cleaned_data["format"]
    try:
        made = statement_files.ask(by=staff(request), account=account, kind=kind, **form.days())
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("benefits:account-detail", pk=pk)
    if isinstance(made, Job):
        messages.success(request, _("The file is being written."))
        return redirect("core:job-detail", pk=made.pk)
    name, content = made
    return attachment_response(content, statement_files.TYPES[kind], name)
