"""Development and demo: loopback, generated secrets, no TLS."""

from __future__ import annotations

from unionportal.settings import env
from unionportal.settings.base import *  # noqa: F403

DEBUG = env.flag("DEBUG", default=False)
GUARD_GET = True
# Demo pages also need the database marker (core.Installation.is_demo): both or nothing.
DEMO_MODE = env.flag("DEMO", default=True)
PORTAL_LAN = env.flag("PORTAL_LAN", default=False)
if PORTAL_LAN:
    ALLOWED_HOSTS = ["*"]
