"""Production: TLS behind a proxy, secrets from files; system checks refuse what is unsafe."""

from __future__ import annotations

from unionportal.settings import env
from unionportal.settings.base import *  # noqa: F403

IS_PRODUCTION = True
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
PUBLIC_URL = env.text("PUBLIC_URL")
DEMO_MODE = env.flag("DEMO", default=False)
PORTAL_LAN = False
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SMS_GATEWAY = env.text("SMS_GATEWAY")
# No default: the bank's files carry them, and money leaves from them.
PAYER_ACCOUNT = env.text("PAYER_ACCOUNT")
PAYER_NAME = env.text("PAYER_NAME")
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 1)
