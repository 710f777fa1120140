"""By hand: a person downloads the file, takes it to the bank, and brings the answer back."""

from __future__ import annotations

from django.http import HttpResponse


def download(name: str, content: bytes) -> HttpResponse:
    """Return the file as a download that no cache keeps and no browser shows."""
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
