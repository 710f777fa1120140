"""Tests: fixed throw-away keys, real PostgreSQL and Valkey from the environment."""

from __future__ import annotations

import base64
import os
import tempfile

os.environ.setdefault("PORTAL_DATA", tempfile.mkdtemp(prefix="portal-test-"))
for name, byte in {"FIELD_KEY": b"f", "INDEX_KEY": b"i", "ORDER_KEY": b"o"}.items():
    os.environ.setdefault(name, base64.b64encode(byte * 32).decode())
os.environ.setdefault("SECRET_KEY", "test-only-" + "x" * 50)

from unionportal.settings.base import *  # noqa: E402, F403

DEMO_MODE = True
GUARD_GET = True
PORTAL_LAN = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
SMS_GATEWAY = "unionportal.core.messaging.gateways.ConsoleGateway"
# Static files come from their sources: tests need no collectstatic.
WHITENOISE_AUTOREFRESH = True
