"""Small tables the ground floor stands on: limits, idempotency keys, heartbeats, the marker."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from unionportal.core.ids import new_id


class Installation(models.Model):
    """The one row that says what this database is; demo pages need `is_demo` and the setting."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_demo = models.BooleanField(default=False)
    random_seed = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.CheckConstraint(name="installation_single", condition=Q(id=1))]

    def __str__(self) -> str:
        return "demo" if self.is_demo else "production"


class LimitBucket(models.Model):
    """How often something was done in one window; in PostgreSQL, so it survives Valkey."""

    name = models.CharField(max_length=40)
    key = models.UUIDField()
    window = models.BigIntegerField()
    used = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="limit_one_row", fields=["name", "key", "window"])
        ]

    def __str__(self) -> str:
        return f"{self.name}:{self.window}"


class IdempotencyKey(models.Model):
    """The first answer given to a request, so that a repeat gets the same and does nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.CharField(max_length=80)
    key = models.CharField(max_length=100)
    route = models.CharField(max_length=120)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="idempotency_once", fields=["owner", "route", "key"])
        ]

    def __str__(self) -> str:
        return f"{self.route}:{self.key}"


class Heartbeat(models.Model):
    """When worker and beat last made progress, in the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
