from unionportal.core.models.audit import AuditEvent, RevealEvent
from unionportal.core.models.files import Attachment
from unionportal.core.models.jobs import Job
from unionportal.core.models.lists import ExportRequest, ListPreference, SavedFilter
from unionportal.core.models.messaging import OutboxMessage, VerificationCode
from unionportal.core.models.plumbing import (
    Heartbeat,
    IdempotencyKey,
    Installation,
    LimitBucket,
)
from unionportal.core.models.retention import RetentionTerm
from unionportal.core.models.users import Grant, User

__all__ = [
    "Attachment",
    "AuditEvent",
    "ExportRequest",
    "Grant",
    "Heartbeat",
    "IdempotencyKey",
    "Installation",
    "Job",
    "LimitBucket",
    "ListPreference",
    "OutboxMessage",
    "RetentionTerm",
    "RevealEvent",
    "SavedFilter",
    "User",
    "VerificationCode",
]
