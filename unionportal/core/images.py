"""Pictures people send: read whole, made small, without what the camera wrote into them.

A picture is decoded here and written anew, so that no place, no device name and no second file
hidden behind it is ever stored (security.md 4 row 66).
"""

from __future__ import annotations

import io
import warnings

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from unionportal.core.errors import Refused

FORMATS = ["JPEG", "PNG"]
MOST_PIXELS = 50_000_000
JPEG_QUALITY = 88
# A scanned A4 page stays legible; a one-inch photo (25 × 35 mm) prints at 600 dpi.
PAPER_SIDE = 2_600
PHOTO_BOX = (600, 840)
PHOTO_LEAST = 120
SIGNATURE_BOX = (900, 450)


def clean_paper(content: bytes) -> bytes:
    """Return a photographed page as a JPEG of at most 2,600 pixels a side."""
    picture = _opened(content, (PAPER_SIDE, PAPER_SIDE))
    picture.thumbnail((PAPER_SIDE, PAPER_SIDE))
    return _jpeg(picture)


def clean_photo(content: bytes) -> bytes:
    """Return a portrait as a small JPEG; raise `Refused` when it is too small to print."""
    picture = _opened(content, PHOTO_BOX)
    if min(picture.size) < PHOTO_LEAST:
        raise Refused(
            _("This photo is too small: it needs at least %(least)d pixels a side.")
            % {"least": PHOTO_LEAST},
            code="photo_too_small",
        )
    picture.thumbnail(PHOTO_BOX)
    return _jpeg(picture)


def clean_signature(content: bytes) -> bytes:
    """Return a drawn or scanned signature as grey on white; raise `Refused` when it is blank."""
    picture = _opened(content, SIGNATURE_BOX).convert("L")
    picture.thumbnail(SIGNATURE_BOX)
    darkest, lightest = picture.getextrema()
    if lightest - darkest < 40:  # type: ignore[operator]
        raise Refused(_("There is no signature in this picture. Sign again."), code="no_signature")
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    return made.getvalue()


def _opened(content: bytes, wanted: tuple[int, int]) -> Image.Image:
    """Return the picture upright, in colour on white; raise `Refused` when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            _refuse_huge(picture.size)
            # A JPEG can be read at a fraction of its size: a phone's 50 megapixels stay small.
            picture.draft("RGB", wanted)
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_huge() from error
    except UnidentifiedImageError as error:
        raise Refused(
            _("This is no JPEG or PNG picture. Photograph it again."), code="not_a_picture"
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused(
            _("This picture is incomplete or damaged. Send it again."), code="broken_picture"
        ) from error
    return _on_white(ImageOps.exif_transpose(picture))


def _refuse_huge(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_huge()


def _too_huge() -> Refused:
    return Refused(
        _("This picture is too large: at most %(most)d million pixels. Send a smaller one.")
        % {"most": MOST_PIXELS // 1_000_000},
        code="picture_too_large",
    )


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        above = picture.convert("RGBA")
        below = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(below, above).convert("RGB")
    return picture.convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return made.getvalue()
