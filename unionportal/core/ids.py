"""Primary keys: UUID version 7, so rows made together lie together in the index."""

from __future__ import annotations

import uuid

from uuid_utils import compat


def new_id() -> uuid.UUID:
    """Return a new time-ordered UUID."""
    return compat.uuid7()
