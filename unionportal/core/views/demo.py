"""The demo's phone: messages that a real gateway would have sent, and the officers' codes.

Both the settings and a marker in the database must say that this is a demo.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from unionportal.core import demo
from unionportal.core.models import OutboxMessage
from unionportal.core.models.messaging import MessageState

SHOWN = 30


@require_safe
@never_cache
def phone(request: HttpRequest) -> HttpResponse:
    """Show the newest messages of a demo; on the machine itself also the second-factor codes."""
    if not demo.is_demo():
        raise Http404
    context = {
        "messages_sent": OutboxMessage.objects.exclude(state=MessageState.DISCARDED).order_by(
            "-id"
        )[:SHOWN],
        "codes": [] if settings.PORTAL_LAN else demo.second_factors(),
    }
    return render(request, "core/demo_phone.html", context)
