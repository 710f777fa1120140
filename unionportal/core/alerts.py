"""Things a person must hear of: one event in the append-only log and one line for the operator.

Whoever watches the logs is woken by the line; the event stays for the auditor.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db import models

from unionportal.core import audit

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

logger = logging.getLogger(__name__)


def alert_once(
    kind: str, *, by: User | ServiceActor, target: models.Model, data: dict[str, Any] | None = None
) -> bool:
    """Raise the alert `kind` about `target`, the first time only; say whether it was.

    `data` takes ids, codes and counts only. Call it while the row of `target` is locked.
    """
    verb = f"alert.{kind}"
    if audit.events_about(target).filter(verb=verb).exists():
        return False
    audit.record(by=by, verb=verb, target=target, data=data)
    logger.error("alert %s about %s %s", kind, target._meta.label_lower, target.pk)
    return True
