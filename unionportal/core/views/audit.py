"""The logs: who did what, who looked at whom."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from unionportal.core.models import AuditEvent, RevealEvent
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

SAFE = re.compile(r"^[\w.@+ -]{0,80}$")


def _text(request: HttpRequest, name: str) -> str:
    value = request.GET.get(name, "").strip()
    return value if SAFE.match(value) else ""


@desk(Permission.VIEW_AUDIT)
def audit_list(request: HttpRequest) -> HttpResponse:
    """List audit events, newest first; filter by actor, verb or target id."""
    events = AuditEvent.objects.all()
    filters = {name: _text(request, name) for name in ("actor", "verb", "target")}
    if filters["actor"]:
        events = events.filter(actor_label=filters["actor"])
    if filters["verb"]:
        events = events.filter(verb__startswith=filters["verb"])
    if filters["target"]:
        events = events.filter(target_id=filters["target"])
    page = Keyset("-pk").page(events, request)
    return render(request, "core/audit_list.html", {"page": page, "filters": filters})


@desk(Permission.VIEW_AUDIT)
def reveal_list(request: HttpRequest) -> HttpResponse:
    """List looks at masked values and downloads of personal data, newest first."""
    page = Keyset("-at", "-pk").page(RevealEvent.objects.all(), request)
    return render(request, "core/reveal_list.html", {"page": page})
