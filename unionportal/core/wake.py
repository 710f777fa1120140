"""Wake a worker after commit. A wake-up may be lost: a beat sweep finds the row anyway."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake(task_name: str, **ids: Any) -> None:
    """Send task `task_name` with ids only, once the transaction has committed."""
    transaction.on_commit(lambda: _send(task_name, ids), robust=True)


def _send(task_name: str, ids: dict[str, Any]) -> None:
    try:
        current_app.send_task(task_name, kwargs=ids, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("the broker is away; %s will be found by the next sweep", task_name)
