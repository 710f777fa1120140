"""The logs: who did what, who looked at whom."""

from __future__ import annotations

import re

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

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
    for event in page.rows:
        event.from_words = _state_words(event.target_type, event.from_state)
        event.to_words = _state_words(event.target_type, event.to_state)
        # The portal's own reasons are marked for translation where they are given.
        event.reason_words = gettext(event.reason) if event.reason else ""
    return render(request, "core/audit_list.html", {"page": page, "filters": filters})


def _state_words(target_type: str, value: str) -> str:
    """Return how the target's own pages call its state; the code where they have no word."""
    try:
        fields = {field.name: field for field in apps.get_model(target_type)._meta.fields}
    except (LookupError, ValueError):
        return value
    field = fields.get("state") or fields.get("status")
    return str(dict(field.flatchoices).get(value, value)) if field else value


@desk(Permission.VIEW_AUDIT)
def reveal_list(request: HttpRequest) -> HttpResponse:
    """List looks at masked values and downloads of personal data, newest first."""
    page = Keyset("-at", "-pk").page(RevealEvent.objects.all(), request)
    return render(request, "core/reveal_list.html", {"page": page})
