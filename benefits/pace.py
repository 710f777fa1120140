"""One pace for all relays: each call gets a moment of its own, handed out by the database.

The moments are a fixed step apart, so that no second, wherever it begins, holds more calls than the
rate. What a relay does not use is lost, never saved up. A call that begins in time may arrive late:
`Window` counts it for as long as it may be arriving.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import cache

from django.db import connection

SECOND = 1.0

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


class Window:
    """Lets so many calls begin that no second of the channel's can hold more than `most`.

    A call may arrive at any moment from its beginning to its end, so it counts until a second
    after its end: of any second, the last call to begin saw all others of that second counted.
    """

    def __init__(self, most: int) -> None:
        self.most, self.running = most, 0
        self.begun, self.ended = deque[float](), deque[float]()
        self.changed = threading.Condition()

    def enter(self) -> None:
        """Wait until one more call may begin, and count it."""
        with self.changed:
            while self.running + self._recent(self.ended) >= self.most:
                self.changed.wait(self._until_one_is_forgotten())
            self.running += 1
            self.begun.append(time.monotonic())

    def leave(self) -> None:
        """Say that a call has ended."""
        with self.changed:
            self.running -= 1
            self.ended.append(time.monotonic())
            self.changed.notify()

    def late(self) -> int:
        """Return how many more calls ended than began in the last second: they came late."""
        with self.changed:
            return max(0, self._recent(self.ended) - self._recent(self.begun))

    def _until_one_is_forgotten(self) -> float | None:
        return self.ended[0] + SECOND - time.monotonic() if self.ended else None

    @staticmethod
    def _recent(times: deque[float]) -> int:
        past = time.monotonic() - SECOND
        while times and times[0] <= past:
            times.popleft()
        return len(times)


@cache
def window(name: str, most: int) -> Window:
    """Return this process's window for a kind of call."""
    return Window(most)
