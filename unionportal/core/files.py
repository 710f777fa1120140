"""Store and open attachments: encrypted under random names in PORTAL_DATA/files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from unionportal.core import crypto
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id
from unionportal.core.models.files import Attachment

if TYPE_CHECKING:
    from datetime import timedelta

    from django.db.models import Model, QuerySet

    from unionportal.core.models import User

MAX_BYTES = 25 * 1024 * 1024
# Files of any size are sealed in frames behind this mark, so that none is ever whole in memory.
FRAMED = b"UPFRAMES1"
FRAME_BYTES = 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a scan may be, by its first bytes; the browser's word is not trusted.
SCAN_TYPES = {b"%PDF-": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def sniff_scan(content: bytes) -> str:
    """Return the content type of a scan; raise `Refused` when it is no PDF, PNG or JPEG."""
    for magic, content_type in SCAN_TYPES.items():
        if content.startswith(magic):
            return content_type
    raise Refused(
        _("This is not a PDF, PNG or JPEG file. Scan or photograph it again."), code="not_a_scan"
    )


def read_upload(upload: BinaryIO, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the content of an upload; raise `Refused` when it is empty or too big."""
    content = upload.read(max_bytes + 1)
    if not content:
        raise Refused(_("The file is empty. Choose another one."), code="empty_file")
    if len(content) > max_bytes:
        raise Refused(
            _("The file is larger than %(limit)d MB. Split it and upload the parts.")
            % {"limit": max_bytes // 1024 // 1024},
            code="file_too_big",
        )
    return content


def store(
    content: bytes,
    *,
    by: User | ServiceActor,
    kind: str,
    name: str,
    content_type: str,
    keep_for: timedelta | None = None,
) -> Attachment:
    """Encrypt `content` to disk and return its row; no row, no file."""
    attachment = Attachment(
        id=new_id(),
        kind=kind,
        name=Path(name).name[:200] or kind,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        created_by_id=by.pk,
        expires_at=timezone.now() + keep_for if keep_for else None,
    )
    attachment.path = f"{attachment.pk.hex[-2:]}/{new_id().hex}"
    path = _path(attachment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(crypto.encrypt_bytes(content, f"file:{attachment.pk}"))
    path.chmod(0o600)
    try:
        with transaction.atomic():
            attachment.save(force_insert=True)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    return attachment


def store_path(
    source: Path,
    *,
    by: User | ServiceActor,
    kind: str,
    name: str,
    content_type: str,
    keep_for: timedelta | None = None,
) -> Attachment:
    """Encrypt a file of any size to disk, frame by frame, and return its row."""
    attachment = Attachment(
        id=new_id(),
        kind=kind,
        name=Path(name).name[:200] or kind,
        content_type=content_type,
        size=source.stat().st_size,
        created_by_id=by.pk,
        expires_at=timezone.now() + keep_for if keep_for else None,
    )
    attachment.path = f"{attachment.pk.hex[-2:]}/{new_id().hex}"
    path = _path(attachment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        attachment.sha256 = _seal(source, path, attachment)
        with transaction.atomic():
            attachment.save(force_insert=True)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    return attachment


def _seal(source: Path, target: Path, attachment: Attachment) -> str:
    """Write the frames, each bound to its place and to being the last or not; return a digest."""
    digest = hashlib.sha256()
    with source.open("rb") as plain, target.open("wb") as sealed:
        target.chmod(0o600)
        sealed.write(FRAMED)
        block, number = plain.read(FRAME_BYTES), 0
        while block:
            digest.update(block)
            following = plain.read(FRAME_BYTES)
            frame = crypto.encrypt_bytes(block, _frame(attachment, number, not following))
            sealed.write(len(frame).to_bytes(4, "big") + frame)
            block, number = following, number + 1
    return digest.hexdigest()


def _frame(attachment: Attachment, number: int, is_last: bool) -> str:
    return f"file:{attachment.pk}:{number}{':last' if is_last else ''}"


def open_blocks(attachment: Attachment) -> Iterator[bytes]:
    """Return the plain content block by block; raise `Refused` when the file was dropped."""
    path = _path(attachment)
    if attachment.dropped_at or not path.is_file():
        raise Refused(_("This file was deleted when its storage term ended."), code="file_gone")
    return _blocks(attachment, path)


def _blocks(attachment: Attachment, path: Path) -> Iterator[bytes]:
    with path.open("rb") as sealed:
        if sealed.read(len(FRAMED)) != FRAMED:
            yield open_content(attachment)
            return
        size, number = sealed.read(4), 0
        while size:
            frame = sealed.read(int.from_bytes(size, "big"))
            size = sealed.read(4)
            yield crypto.decrypt_bytes(frame, _frame(attachment, number, not size))
            number += 1


def open_content(attachment: Attachment) -> bytes:
    """Return the plain content; raise `Refused` when the file was dropped after its term."""
    path = _path(attachment)
    if attachment.dropped_at or not path.is_file():
        raise Refused(_("This file was deleted when its storage term ended."), code="file_gone")
    return crypto.decrypt_bytes(path.read_bytes(), f"file:{attachment.pk}")


def drop_expired() -> int:
    """Delete the content of attachments past their term; the row stays as evidence."""
    return drop(Attachment.objects.filter(expires_at__lt=timezone.now(), dropped_at__isnull=True))


def drop(due: QuerySet[Attachment]) -> int:
    """Delete the content of the attachments `due`; return how many. Safe to repeat."""
    count = 0
    for attachment in due.iterator():
        _path(attachment).unlink(missing_ok=True)
        count += Attachment.objects.filter(pk=attachment.pk).update(dropped_at=timezone.now())
    return count


def _path(attachment: Attachment) -> Path:
    return Path(settings.FILES_ROOT) / attachment.path


# A function (user, attachment, to_look) → what the attachment belongs to when `user` may have it,
# else None. `to_look` is True for a picture shown in a page, False for a file taken out.
Owner = Callable[["User", Attachment, bool], "Model | None"]
_owners: list[Owner] = []


def register_owner(owner: Owner) -> Owner:
    """Let an app say what its attachments belong to and who may open them; once."""
    if owner not in _owners:
        _owners.append(owner)
    return owner


def owner_of(user: User, attachment: Attachment, *, to_look: bool) -> Model | None:
    """Return what `attachment` belongs to, or None when `user` may not open it."""
    found = (owner(user, attachment, to_look) for owner in _owners)
    return next((model for model in found if model is not None), None)
