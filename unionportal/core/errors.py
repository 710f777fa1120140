"""Refusals an action can raise; pages and API turn them into one clear message."""

from __future__ import annotations

from django.utils.functional import Promise

Text = str | Promise


class Refused(Exception):
    """The action was not done; `message` says why and what to do. HTTP 400."""

    status = 400

    def __init__(self, message: Text, *, code: str = "refused", field: str | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code
        self.field = field


class NotAllowed(Refused):
    """The user lacks the right here. HTTP 403."""

    status = 403


class Stale(Refused):
    """Somebody changed the thing meanwhile. HTTP 409."""

    status = 409


class KeyReused(Refused):
    """An idempotency key came back with other content. HTTP 422."""

    status = 422


class TooMany(Refused):
    """A limit was reached. HTTP 429."""

    status = 429
