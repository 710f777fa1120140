"""Theme and care mode, kept in cookies so that pages come right the first time."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from unionportal.core.context import CARE_COOKIE, THEME_COOKIE, THEMES

YEAR = 365 * 86_400


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Store `theme` and `care` when they are known values, and go back to `next`."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = HttpResponseRedirect(target)
    choices = {THEME_COOKIE: THEMES, CARE_COOKIE: ("on", "off")}
    for name, allowed in choices.items():
        value = request.POST.get(name, "")
        if value in allowed:
            response.set_cookie(
                name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
            )
    return response
