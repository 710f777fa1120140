"""What the pages of money share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.models import User
from unionportal.core.roles import Permission, permissions_of

PAYOUT_RIGHTS = {Permission.MAKE_PAYOUT, Permission.CHECK_PAYOUT}


def staff(request: HttpRequest) -> User:
    """Return the signed-in user; `@desk` has let nobody else in."""
    return cast(User, request.user)


def is_finance(request: HttpRequest) -> bool:
    """Say whether a maker or a checker reads the page, or somebody who may only look at money."""
    return bool(PAYOUT_RIGHTS & permissions_of(request.user))


def require_finance(request: HttpRequest) -> None:
    """Let makers and checkers on; 403 for everybody else who may look at money."""
    if not is_finance(request):
        raise PermissionDenied


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was posted with, None when it is only shown."""
    return request.POST if request.method == "POST" else None


def submitted(request: HttpRequest, form: Any, run: Callable[[], str]) -> HttpResponse | None:
    """Do a valid post once and return its redirect; None = show the form (again)."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return submit_once(request, run)
    except NotAllowed:
        raise
    except Refused as refusal:
        form.add_error(
            refusal.field if refusal.field in form.fields else None, str(refusal.message)
        )
        form.refused_status = refusal.status
        return None


def status_of(form: Any) -> int:
    """Return 200 for a page to fill in, 400 for one to correct, or the refusal's own status."""
    if not form.is_bound or not form.errors:
        return 200
    return int(getattr(form, "refused_status", 400))


def act(request: HttpRequest, run: Callable[[], Any], done: str, to: str) -> HttpResponse:
    """Do one step and say so; a refusal that can be mended is shown on the same page.

    What the person may not do, and what changed meanwhile, keeps its own status (403, 409).
    """
    try:
        run()
    except Refused as refusal:
        if refusal.status != Refused.status:
            raise
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, done)
    return redirect(to)
