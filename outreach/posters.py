"""The printed poster of a join code: address, QR, short code."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from django.conf import settings

from outreach.models import JoinCode
from outreach.rules import spaced


@dataclass(frozen=True, slots=True)
class Poster:
    """What is printed: the address behind the QR, the QR as a data address, the code in halves."""

    url: str
    short_url: str
    qr: str
    spaced_code: str


def poster_of(code: JoinCode) -> Poster:
    """Return the poster of `code`; a poster hangs outdoors, so a quarter of the QR may be lost."""
    base = settings.PUBLIC_URL.rstrip("/")
    url = f"{base}/join/{code.code}/"
    qr = segno.make(url, error="q", micro=False)
    return Poster(
        url=url,
        short_url=f"{base.split('://', 1)[-1]}/join/",
        qr=qr.svg_data_uri(scale=8, border=2, dark="#000", light="#fff"),
        spaced_code=spaced(code.code),
    )
