"""Who acts: a signed-in user, or a named service; both appear in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unionportal.core.models import User


@dataclass(frozen=True, slots=True)
class ServiceActor:
    """Something that acts without a signed-in officer: a task, a bank file, a worker's phone."""

    name: str
    pk: None = None


Actor = "User | ServiceActor"

WORKER_SELF = ServiceActor("worker")
SYSTEM = ServiceActor("system")
BANK = ServiceActor("bank")


def label_of(actor: User | ServiceActor) -> str:
    """Return the name written to the audit log."""
    return f"service:{actor.name}" if isinstance(actor, ServiceActor) else actor.get_username()
