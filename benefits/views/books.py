"""The books read from the top down: each fen from its budget to the bank's line."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from benefits.models import PayoutLine
from benefits.queries.line_page import timeline_of
from benefits.states.payouts import LineState
from benefits.words import LINE_KINDS
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_MONEY)
def line_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one line: its terms, its state, and everything that happened to it."""
    rows = PayoutLine.objects.visible_to(request.user).select_related(
        "batch__programme", "batch__made_by", "batch__submitted_by", "batch__approved_by",
        "batch__second_by", "batch__released_by", "payee_account",
    )  # fmt: skip
    line = get_object_or_404(rows, pk=pk)
    context = {
        "line": line,
        "batch": line.batch,
        "kind": LINE_KINDS[LineState(line.state)],
        "entries": timeline_of(line),
    }
    return render(request, "benefits/line_detail.html", context)
