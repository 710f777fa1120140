"""Primary keys: UUID version 7, so rows made together lie together in the index."""

from __future__ import annotations

import uuid

from uuid_utils import compat


def new_id() -> uuid.UUID:
    """Return a new time-ordered UUID."""
    return compat.uuid7()


# The same in SQL, for rows the database makes itself: 48 bits of time, version 7, the rest random.
NEW_ID_SQL = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing substring(int8send("
    "(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),"
    " 52, 1), 53, 1), 'hex')::uuid"
)
