"""Write the audit log: one row per state change, in the same transaction, never with personal data.

Rows hold ids and field names, never values of sensitive fields (architecture.md decision 11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection, models

from unionportal.core.actors import ServiceActor, label_of

if TYPE_CHECKING:
    from unionportal.core.models import AuditEvent, User


def record(
    *,
    by: User | ServiceActor,
    verb: str,
    target: models.Model,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    fields: Sequence[str] = (),
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Log that `by` did `verb` to `target`; `data` takes ids, counts and fen only."""
    event = _event(by, verb, type(target), target.pk)
    event.from_state, event.to_state, event.reason = from_state, to_state, reason
    event.fields, event.data = list(fields), data or {}
    event.save(force_insert=True)
    return event


def record_fact(
    *, by: User | ServiceActor, verb: str, subject: str, data: dict[str, Any]
) -> AuditEvent:
    """Log something `by` did that has no row of its own, such as a nightly run over `subject`."""
    event = _model()(
        actor_id=by.pk, actor_label=label_of(by), verb=verb, target_type=verb.split(".")[0],
        target_id=subject[:40], data=data,
    )  # fmt: skip
    event.save(force_insert=True)
    return event


def record_many(
    *,
    by: User | ServiceActor,
    verb: str,
    model: type[models.Model],
    moves: Iterable[tuple[Any, str, str]],
    reason: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Log one event per (id, from state, to state), ten thousand a statement."""
    event = _event(by, verb, model, "")
    own = [event.actor_id, event.actor_label, verb, event.target_type, reason,
           json.dumps(list(fields)), event.request_id]  # fmt: skip
    rest = iter(moves)
    with connection.cursor() as cursor:
        while portion := list(islice(rest, CHUNK)):
            ids, sources, targets = zip(*portion, strict=True)
            rows = [list(map(str, column)) for column in (ids, sources, targets)]
            cursor.execute(RECORD_MANY, [*own, *rows])


CHUNK = 10_000
RECORD_MANY = """
INSERT INTO core_auditevent (actor_id, actor_label, verb, target_type, target_id, from_state,
    to_state, reason, fields, data, request_id)
SELECT own.actor, own.label, own.verb, own.kind, moved.id, moved.source, moved.target, own.reason,
    own.fields, '{}', own.request
FROM (VALUES (%s::uuid, %s, %s, %s, %s, %s::jsonb, %s))
        AS own (actor, label, verb, kind, reason, fields, request),
    unnest(%s::text[], %s::text[], %s::text[]) AS moved (id, source, target)"""


def events_about(target: models.Model) -> models.QuerySet[AuditEvent]:
    """Return what was logged about one row, newest first."""
    rows = _model().objects.filter(target_type=target._meta.label_lower, target_id=str(target.pk))
    return rows.order_by("-id")


SET_SQL = """
INSERT INTO core_auditevent (actor_id, actor_label, verb, target_type, target_id, from_state,
    to_state, reason, fields, data, request_id)
SELECT %(audit_actor)s, %(audit_label)s, %(audit_verb)s, %(audit_type)s, moved.id::text,
    moved.from_state, moved.to_state, %(audit_reason)s, '[]', '{{}}', %(audit_request)s
FROM ({rows}) moved"""


def set_sql(
    *, by: User | ServiceActor, verb: str, model: type[models.Model], rows: str, reason: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return the INSERT that logs one event for each of `rows`, and the values it names.

    `rows` selects id, from_state, to_state out of the CTEs of the same statement, so that a change
    of any number of rows and its events are one.
    """
    event = _event(by, verb, model, "")
    return SET_SQL.format(rows=rows), {
        "audit_actor": event.actor_id, "audit_label": event.actor_label, "audit_verb": verb,
        "audit_type": event.target_type, "audit_reason": reason,
        "audit_request": event.request_id,
    }  # fmt: skip


def _model() -> type[AuditEvent]:
    from unionportal.core.models import AuditEvent  # noqa: PLC0415 - models import this module

    return AuditEvent


def _event(by: User | ServiceActor, verb: str, model: type[models.Model], pk: Any) -> AuditEvent:
    return _model()(
        actor_id=by.pk,
        actor_label=label_of(by),
        verb=verb,
        target_type=model._meta.label_lower,
        target_id=str(pk),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
    )
