"""Beat's scheduler, with a heartbeat row: liveness is judged by progress in the database."""

from __future__ import annotations

from time import monotonic
from typing import Any

from django.db import OperationalError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

from unionportal.core import heartbeat


class HeartbeatScheduler(DatabaseScheduler):  # type: ignore[misc]
    """The database scheduler, saying every five seconds that it is alive."""

    _last = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if monotonic() - self._last >= 5:
            self._last = monotonic()
            try:
                heartbeat.beat("beat")
            except OperationalError:
                close_old_connections()
        return min(super().tick(*args, **kwargs), 5)
