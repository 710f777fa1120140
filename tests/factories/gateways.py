"""A gateway that production accepts."""

from __future__ import annotations

from unionportal.core.messaging.gateways import Gateway


class SendingGateway(Gateway):
    """Says of itself that it sends."""

    is_for_production = True
