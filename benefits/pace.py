"""One pace for all relays: each call gets a moment of its own, handed out by the database.

The moments are a fixed step apart, so that no second, wherever it begins, holds more calls than the
rate. What a relay does not use is lost, never saved up.
"""

from __future__ import annotations

from django.db import connection

_TAKE = """
INSERT INTO benefits_channelpace AS p (name, next_at)
VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(span)s))
ON CONFLICT (name) DO UPDATE
SET next_at = greatest(p.next_at, clock_timestamp()) + make_interval(secs => %(span)s)
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - %(span)s
"""


def take(name: str, count: int, rate: float) -> list[float]:
    """Reserve the next `count` moments of `rate` per second; return seconds from now to each."""
    step = 1 / rate
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": name, "span": count * step})
        row = cursor.fetchone()
    first = max(0.0, float(row[0])) if row else 0.0
    return [first + index * step for index in range(count)]
