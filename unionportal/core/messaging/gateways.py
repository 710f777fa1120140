"""SMS gateways. A gateway has one method; raise `Rejected` when the message surely did not go."""

from __future__ import annotations

import logging
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from unionportal.core import masking

logger = logging.getLogger(__name__)


class Rejected(Exception):
    """The provider refused the message: it was surely not sent."""


class Gateway:
    """Hands one text to one phone; a gateway that really sends says so."""

    is_for_production = False

    def send(self, *, phone: str, body: str, reference: str) -> None:
        raise NotImplementedError


class ConsoleGateway(Gateway):
    """Prints who would get a message; the text is shown at /demo/phone/ in demo mode only."""

    def send(self, *, phone: str, body: str, reference: str) -> None:
        logger.info("SMS to %s (%d characters)", masking.mask_phone(phone), len(body))


@cache
def gateway() -> Gateway:
    """Return the configured gateway."""
    chosen: Gateway = import_string(settings.SMS_GATEWAY)()
    return chosen
