"""Messages to people: outbox, gateways, one-time codes."""
