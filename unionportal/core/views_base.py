"""What every desk view shares: who may come in, and with which method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from unionportal.core.roles import Permission, has_permission

View = Callable[..., HttpResponse]


def desk(
    everything: Permission | None = None,
    /,
    *,
    get: Permission | None = None,
    post: Permission | None = None,
) -> Callable[[View], View]:
    """Let signed-in staff in who hold the right for the method; other methods answer 405.

    `@desk(P.X)` needs X to look (GET only); name `post=` for a view that takes posts, alone for
    a view that takes nothing else. The rights are kept on the view for the authorisation matrix.
    """
    rights: Mapping[str, Permission] = {
        method: right
        for method, right in (("GET", everything or get), ("POST", post))
        if right is not None
    }

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            method = "GET" if request.method == "HEAD" else request.method or ""
            if method not in rights:
                return HttpResponseNotAllowed(list(rights))
            if not has_permission(request.user, rights[method]):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded = login_required(checked)
        guarded.rights = rights  # type: ignore[attr-defined]
        return guarded

    return wrap
