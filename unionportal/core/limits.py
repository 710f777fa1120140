"""Limits that survive an emptied Valkey: one PostgreSQL bucket table, the database's clock."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from unionportal.core.crypto import blind_index
from unionportal.core.errors import TooMany

_TAKE = """
INSERT INTO core_limitbucket AS b (name, key, "window", used, expires_at)
VALUES (%(name)s, %(key)s, floor(extract(epoch FROM clock_timestamp()) / %(seconds)s)::bigint, 1,
        clock_timestamp() + make_interval(secs => 2 * %(seconds)s))
ON CONFLICT (name, key, "window") DO UPDATE SET used = b.used + 1 WHERE b.used < %(count)s
RETURNING used
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times in `seconds`, counted per key."""

    name: str
    count: int
    seconds: int


def take(limit: Limit, key: str) -> bool:
    """Count one use of `limit` for `key`; return False when it is used up.

    Call it outside the action's transaction, so that a refusal still counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "name": limit.name,
                "key": blind_index(key, f"limit:{limit.name}"),
                "seconds": limit.seconds,
                "count": limit.count,
            },
        )
        return cursor.fetchone() is not None


def require(limit: Limit, key: str) -> None:
    """Count one use or raise `TooMany`."""
    if not take(limit, key):
        raise TooMany(
            _("That was tried too often. Try again in %(minutes)d minutes.")
            % {"minutes": max(1, limit.seconds // 60)},
            code="too_many",
        )
