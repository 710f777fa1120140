"""Attachments: a picture shown in its page, or a file taken out and logged."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from unionportal.core import files, reveal
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

# What a browser may draw inside a page; everything else is only ever saved.
SHOWN_TYPES = ("image/jpeg", "image/png")
ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


@desk(get=Permission.VIEW_MEMBERS, post=Permission.REVEAL)
def attachment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a picture of a case (GET), or give a file out and log who took it (POST)."""
    user, to_look = cast(User, request.user), request.method != "POST"
    found = get_object_or_404(Attachment, pk=pk, dropped_at=None)
    owner = files.owner_of(user, found, to_look=to_look)
    if owner is None or (to_look and found.content_type not in SHOWN_TYPES):
        raise Http404
    content = files.open_content(found)
    if not to_look:
        reveal.log(owner, by=user, fields=[reveal.FILE], reason=f"download of {found.kind}")
    return _answer(found, content, to_save=not to_look)


def _answer(found: Attachment, content: bytes, *, to_save: bool) -> HttpResponse:
    """Send the bytes under a name of our own: what the sender called the file stays here."""
    response = HttpResponse(content, content_type=found.content_type)
    name = f"{found.kind}-{found.pk.hex[-8:]}{ENDINGS.get(found.content_type, '')}"
    response["Content-Disposition"] = content_disposition_header(to_save, name) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
