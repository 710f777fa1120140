"""Small gates every request passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from unionportal.core.errors import Refused, Stale

GetResponse = Callable[[HttpRequest], HttpResponse]
Middleware = Callable[[HttpRequest], HttpResponse]

# Tables a GET may write: sessions and their list, cache rows.
_GET_MAY_WRITE = ("django_session", "usersessions_usersession", "core_cache")
# Anywhere in the statement: a common table expression may stand before the verb.
_WRITE = re.compile(
    r"\b(?:INSERT INTO|DELETE FROM|TRUNCATE(?: TABLE)?"
    r'|UPDATE(?=\s+"?\w+"?\s+(?:AS\s+\w+\s+)?SET\b))\s+"?(\w+)',
    re.IGNORECASE,
)


class GetWrote(AssertionError):
    """A GET request tried to change data: a bug in the view."""


def RefuseNulMiddleware(get_response: GetResponse) -> Middleware:  # noqa: N802
    """Answer 400 to a NUL byte or a broken percent code in path or query."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path or "%00" in query or "\x00" in query:
            return HttpResponse("400 NUL byte", status=400, content_type="text/plain")
        return get_response(request)

    return middleware


def SecondFactorMiddleware(get_response: GetResponse) -> Middleware:  # noqa: N802
    """Send staff without a second factor to set one up before anything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_inside = request.path.startswith(("/desk/", "/api/")) and request.user.is_authenticated
        if is_inside and not is_mfa_enabled(request.user):
            return _set_up_first(request)
        return get_response(request)

    return middleware


def _set_up_first(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return redirect("mfa_activate_totp")
    problem = {
        "title": _("Set up the second factor first."),
        "status": 403,
        "code": "second_factor",
    }
    return JsonResponse(problem, status=403, content_type="application/problem+json")


class RequestContextMiddleware:
    """Keep GET from writing, and turn an uncaught refusal into a page that says why."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and settings.GUARD_GET:
            with connection.execute_wrapper(_refuse_writes):
                return self._finish(request, self.get_response(request))
        return self._finish(request, self.get_response(request))

    def _finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        if request.htmx:  # type: ignore[attr-defined]
            messages.error(request, str(error.message))
        template = "409.html" if isinstance(error, Stale) else "errors/refused.html"
        return render(request, template, {"reason": error.message}, status=error.status)


def _refuse_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    for table in _WRITE.findall(sql):
        if table not in _GET_MAY_WRITE:
            raise GetWrote(f"a GET request wrote to {table}")
    return execute(sql, params, many, context)
