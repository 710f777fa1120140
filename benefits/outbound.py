"""Who renders which outgoing file, and what follows its hand-over.

Register a kind with `register`; then a file row in state ready with transport folder is written to
the folder by itself. Rendering must give the bytes of the digest every time it is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from benefits.states.cards import FileKind
from unionportal.core.errors import Refused

if TYPE_CHECKING:
    from benefits.models import BankFile
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


def _no_check(_file: BankFile) -> None:
    """Nothing to check before this kind of file goes out."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`check` runs in the claiming transaction and raises Refused to keep the file here."""

    render: Callable[[BankFile], bytes]
    handed_over: Callable[[BankFile, User | ServiceActor], None]
    check: Callable[[BankFile], None] = _no_check


kinds: dict[str, Outgoing] = {}


def register(kind: FileKind, outgoing: Outgoing) -> None:
    """Say how files of `kind` are made and what their hand-over changes."""
    kinds[kind] = outgoing


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_of(file: BankFile) -> bytes:
    """Return the file's bytes; raise `Refused` when they are no longer those of its digest."""
    content = kinds[file.kind].render(file)
    if digest(content) != file.sha256:
        raise Refused(
            _("This file can no longer be made as it was. It stays here; ask for support."),
            code="digest_differs",
        )
    return content
