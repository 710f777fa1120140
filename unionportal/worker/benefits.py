"""Everything a member gets, what the points are, and why other programmes give nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from benefits.queries.member import benefits_of, points_history
from benefits.queries.why import why
from unionportal.worker import identity


@require_safe
@never_cache
def status_benefits(request: HttpRequest) -> HttpResponse:
    """Show all benefits with plain reasons and what to do, to whoever proved who they are."""
    visiting = identity.visitor(request)
    if visiting is None or not visiting.may_see_all:
        return redirect("worker:status")
    person = visiting.person
    balance, moves = points_history(person)
    context = {
        "person": person,
        "benefits": benefits_of(person),
        "balance": balance,
        "moves": moves,
        "others": [answer for answer in why(person) if not answer.is_entitled],
    }
    return render(request, "worker/status_benefits.html", context)
