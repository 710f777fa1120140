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


def numbered_id_sql(number: str) -> str:
    """Return SQL for ids that lie in the order of `number` (1, 2, …), within one statement.

    4,096 to a millisecond, counted on from the statement's own.
    """
    moment = f"(extract(epoch from statement_timestamp()) * 1000)::bigint + {number} / 4096"
    return (
        "encode(overlay(overlay(uuid_send(gen_random_uuid())"
        f" placing substring(int8send({moment}) from 3) from 1 for 6)"
        f" placing int2send((28672 + {number} %% 4096)::smallint) from 7 for 2), 'hex')::uuid"
    )
