"""The audit log and the log of reveals: append-only for every database role, the owner included."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from unionportal.core.ids import new_id

ENDING = "_append_only"
# Trigger → the column it lets become empty; `core.grants` gives the right to that one.
EMPTIED: dict[str, str] = {}


def append_only(name: str, *, emptied: str = "") -> list[pgtrigger.Trigger]:
    """Return the triggers that refuse UPDATE, DELETE and TRUNCATE on a table.

    `emptied`: a text column that may become "" and nothing else, when a person is forgotten.
    """
    protect: list[pgtrigger.Trigger] = [
        pgtrigger.Protect(name=name + ENDING, operation=pgtrigger.Update | pgtrigger.Delete)
    ]
    if emptied:
        EMPTIED[name + ENDING] = emptied
        changed = f"to_jsonb(NEW) - '{emptied}' <> to_jsonb(OLD) - '{emptied}'"
        protect = [
            pgtrigger.Trigger(
                name=name + ENDING,
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"""
                    IF NEW.{emptied} <> '' OR {changed} THEN
                        RAISE EXCEPTION 'this table is append-only';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name=f"{name}_no_delete", operation=pgtrigger.Delete),
        ]
    return [
        *protect,
        pgtrigger.Trigger(
            name=f"{name}_no_truncate",
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            func="RAISE EXCEPTION 'this table is append-only';",
        ),
    ]


class AuditEvent(models.Model):
    """One thing done by one actor; no foreign keys, so it outlives what it describes."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=80)
    verb = models.CharField(max_length=80)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    fields = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_by_target"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
        ]
        constraints = [
            models.CheckConstraint(name="audit_actor_named", condition=~Q(actor_label=""))
        ]
        triggers = append_only("audit")

    def __str__(self) -> str:
        return f"{self.verb} {self.target_type}:{self.target_id}"


class RevealEvent(models.Model):
    """Somebody looked at a masked value, took personal data out, or downloaded a file of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    actor_id = models.UUIDField()
    actor_label = models.CharField(max_length=80)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    fields = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=500)

    class Meta:
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="reveal_by_target"),
            models.Index(fields=["actor_id", "-at"], name="reveal_by_actor"),
        ]
        constraints = [models.CheckConstraint(name="reveal_reason_given", condition=~Q(reason=""))]
        triggers = append_only("reveal")

    def __str__(self) -> str:
        return f"{self.actor_label} {self.target_type}:{self.target_id}"
