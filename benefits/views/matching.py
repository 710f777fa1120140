"""The daily match: bring a statement, see a day's differences, resolve each by two people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import bankfiles, matching, sending
from benefits.actions.rights import finance_person
from benefits.match_tables import DayRecordTable, DifferenceTable
from benefits.models import DayRecord, Difference, SendingLock
from benefits.payout_forms import DifferenceForm, ResultForm
from benefits.queries.matching import records, sides, statements_apart
from benefits.states.cards import FileState
from benefits.states.matching import TAKEN_AS_EVIDENCE, DifferenceState
from benefits.views.shared import (
    act,
    is_finance,
    posted,
    require_finance,
    staff,
    status_of,
    submitted,
)
from benefits.words import DIFFERENCE_KINDS, problem_rows
from unionportal.core import files, reveal
from unionportal.core.errors import Refused
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission
from unionportal.core.tables import Empty
from unionportal.core.views.jobs import attachment_response
from unionportal.core.views_base import desk

P = Permission


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def match_list(request: HttpRequest) -> HttpResponse:
    """List the days with a record, newest first; take a statement brought by hand."""
    if request.method == "POST":
        require_finance(request)
    form = ResultForm(posted(request), request.FILES or None)
    done = submitted(request, form, lambda: _take_statement(request, form.cleaned_data["file"]))
    if done is not None:
        return done
    page = Keyset("-day", "-pk").page(records(request.user), request)
    empty = Empty(_("No day is matched yet"), _("A day appears here when its statement is in."))
    held = SendingLock.objects.visible_to(request.user).filter(lifted_at=None).first()
    context = {
        "held": held,
        "left_to_do": sending.obstacles(held) if held else [],
        "form": form,
        "page": page,
        "table": DayRecordTable(page.rows, request=request, empty=empty),
        "apart": [
            {"file": file, "problems": problem_rows(file.problems)}
            for file in statements_apart(request.user)[:20]
        ],
        "is_finance": is_finance(request),
    }
    return render(request, "benefits/match_list.html", context, status=status_of(form))


def _take_statement(request: HttpRequest, upload: Any) -> str:
    content = files.read_upload(upload)
    if not matching.is_statement(content):
        raise Refused(
            _("This is no statement. Upload the file as the bank gave it."),
            code="not_a_statement", field="file",
        )  # fmt: skip
    by = staff(request)
    receipt = bankfiles.receive(
        content=content, name=upload.name, by=by, brought_key=finance_person(by)
    )
    if receipt.is_repeat:
        messages.info(request, _("This file was taken before. Nothing changed."))
    elif receipt.file.state == FileState.HELD:
        messages.success(request, _("The statement is whole. Another person must confirm it."))
    else:
        messages.error(request, _("Nothing of this file was applied. See what is wrong below."))
    return reverse("benefits:match-list")


def _record(request: HttpRequest, pk: UUID) -> DayRecord:
    return get_object_or_404(records(request.user).select_related("file"), pk=pk)


@desk(P.VIEW_MONEY)
def match_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the three sides of a day and its differences, those that wait first."""
    record = _record(request, pk)
    rows = Difference.objects.visible_to(request.user).filter(record=record)
    is_all = request.GET.get("show") == "all"
    page = Keyset("-found_at", "-pk").page(rows if is_all else rows.waiting(), request)
    empty = Empty(_("Nothing differs"), _("Portal, channel and record say the same."))
    tabs = [{"label": _("Waiting"), "url": "?", "current": not is_all},
            {"label": _("All"), "url": "?show=all", "current": is_all}]  # fmt: skip
    context = {
        "record": record,
        "sides": sides(record),
        "tabs": tabs,
        "page": page,
        "table": DifferenceTable(page.rows, request=request, empty=empty),
        "is_finance": is_finance(request),
    }
    return render(request, "benefits/match_detail.html", context)


@desk(post=P.VIEW_MONEY)
def match_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Compare a day once more."""
    require_finance(request)
    record = _record(request, pk)
    return act(
        request, lambda: matching.start(record, by=staff(request)),
        _("The day is being matched again."), reverse("benefits:match-detail", args=[pk]),
    )  # fmt: skip


def _difference(request: HttpRequest, pk: UUID) -> Difference:
    rows = Difference.objects.visible_to(request.user).select_related(
        "record", "record_line", "line__batch", "proposed_by", "decided_by", "document"
    )
    return get_object_or_404(rows, pk=pk)


@desk(get=P.VIEW_MONEY, post=P.VIEW_MONEY)
def difference_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one difference and what each side says; a maker or checker proposes how it ends."""
    if request.method == "POST":
        require_finance(request)
    difference = _difference(request, pk)
    needs_document = difference.kind not in TAKEN_AS_EVIDENCE
    form = DifferenceForm(posted(request), request.FILES or None, needs_document=needs_document)

    @transaction.atomic
    def run() -> str:
        data = form.cleaned_data
        scan = data.get("document")
        matching.propose(
            by=staff(request), difference=difference, note=data["note"],
            document=scan.store(by=staff(request), kind="difference") if scan else None,
        )  # fmt: skip
        messages.success(request, _("Recorded. Another person must confirm it."))
        return reverse("benefits:difference-detail", args=[pk])

    context = {
        "difference": difference,
        "kind": DIFFERENCE_KINDS[DifferenceState(difference.state)],
        "form": form,
        "is_finance": is_finance(request),
        "is_taken": not needs_document,
    }
    return submitted(request, form, run) or render(
        request, "benefits/difference_detail.html", context, status=status_of(form)
    )


@desk(post=P.VIEW_MONEY)
def difference_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, as a second person, how a difference ends."""
    require_finance(request)
    difference = _difference(request, pk)
    return act(
        request, lambda: matching.confirm(by=staff(request), difference=difference),
        _("Confirmed. The difference is resolved."),
        reverse("benefits:difference-detail", args=[pk]),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def difference_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse what another person proposed, with a reason."""
    require_finance(request)
    difference = _difference(request, pk)
    reason = request.POST.get("reason", "")
    return act(
        request,
        lambda: matching.decline(by=staff(request), difference=difference, reason=reason),
        _("Declined. The difference is open again."),
        reverse("benefits:difference-detail", args=[pk]),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def difference_document(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the document behind a resolution to a maker or checker; logged as a reveal."""
    require_finance(request)
    difference = _difference(request, pk)
    if difference.document is None:
        raise Refused(_("There is no document."), code="no_document")
    content = files.open_content(difference.document)
    reveal.log(difference, by=staff(request), fields=["document"], reason="document of a match")
    return attachment_response(content, difference.document.content_type, difference.document.name)


def _lock(request: HttpRequest, pk: UUID) -> SendingLock:
    return get_object_or_404(SendingLock.objects.visible_to(request.user), pk=pk)


@desk(post=P.VIEW_MONEY)
def sending_ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask that payments leave again after a restore."""
    require_finance(request)
    held = _lock(request, pk)
    return act(
        request, lambda: sending.ask(by=staff(request), held=held),
        _("Recorded. Another person must agree."), reverse("benefits:match-list"),
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def sending_lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Agree, as a second person, that payments leave again."""
    require_finance(request)
    held = _lock(request, pk)
    return act(
        request, lambda: sending.lift(by=staff(request), held=held),
        _("Payments leave again."), reverse("benefits:match-list"),
    )  # fmt: skip
