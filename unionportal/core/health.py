"""Liveness and readiness, for the supervisor and for a proxy."""

from __future__ import annotations

from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from unionportal.core import heartbeat


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Say that the web process answers."""
    return JsonResponse({"web": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Say per part whether it works; 503 while database, worker or beat does not."""
    parts = {"web": "ok", "database": _database(), "worker": "down", "beat": "down"}
    if parts["database"] == "ok":
        for name in ("worker", "beat"):
            parts[name] = "ok" if heartbeat.is_fresh(name) else "down"
    is_ready = all(state == "ok" for state in parts.values())
    # The fast cache is lossy by design: its state is shown, it does not decide.
    parts["cache"] = _cache()
    return JsonResponse(parts, status=200 if is_ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def _cache() -> str:
    try:
        caches["fast"].set("health", 1, 5)
    except (RedisError, OSError):
        return "down"
    return "ok"
