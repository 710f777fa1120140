"""A page with one form about one thing: show it, run it once, keep what was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What stands around the form; `notes` are sentences above it."""

    title: str | Promise
    button: str | Promise
    back: str
    trail: list[dict[str, Any]]
    notes: list[str | Promise] = field(default_factory=list)
    is_risky: bool = False
    takes_files: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def fill(
    request: HttpRequest, sheet: Sheet, form: Form, run: Callable[[], str], *, status: int = 400
) -> HttpResponse:
    """Show `form`; on a valid post do `run` once and go where it says, or say why not."""
    if request.method != "POST":
        return show(request, sheet, form)
    if form.is_valid():
        try:
            return submit_once(request, run)
        except Refused as refusal:
            status = refusal.status
            known = refusal.field if refusal.field in form.fields else None
            form.add_error(known, str(refusal.message))
    return show(request, sheet, form, status=status)


def show(request: HttpRequest, sheet: Sheet, form: Form, *, status: int = 200) -> HttpResponse:
    """Show the page."""
    context = {"sheet": sheet, "form": form, **sheet.more}
    return render(request, "members/sheet.html", context, status=status)
