"""Beat's scheduler, with a heartbeat row: liveness is judged by progress in the database.

A wall clock that jumps must not stop it (security.md section 3, I12): beat notes by that clock when
each task last ran, so after a jump forward and back it would wait for hours.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from unionportal.core import heartbeat

JUMP_SECONDS = 2.0
LONG_AGO = timedelta(days=365)


class Entry(ModelEntry):  # type: ignore[misc]
    """A schedule row; due at once when it seems to have run in the future."""

    last_run_at: datetime

    def is_due(self) -> Any:
        now = self._default_now()
        if self.last_run_at > now:
            self.last_run_at = now - LONG_AGO
        return super().is_due()


class HeartbeatScheduler(DatabaseScheduler):  # type: ignore[misc]
    """The database scheduler, saying every five seconds that it is alive."""

    Entry = Entry
    _last = 0.0
    _ahead: float | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() - self._last >= 5:
            self._last = time.monotonic()
            try:
                heartbeat.beat("beat")
            except OperationalError:
                close_old_connections()
        if self._clock_jumped():
            # The times of the waiting entries are those of the clock as it was.
            self._heap = None
        return min(super().tick(*args, **kwargs), 5)

    def _clock_jumped(self) -> bool:
        before, self._ahead = self._ahead, time.time() - time.monotonic()
        return before is not None and abs(self._ahead - before) > JUMP_SECONDS
