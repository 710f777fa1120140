"""States and steps of a transfer (domain.md section 2.1)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

P = Permission


class TransferKind(TextChoices):
    """Who started it, and whether one side lies outside the portal."""

    PULL = "pull", _("Asked for by the new union")
    PUSH = "push", _("Sent by the old union")
    WISH = "wish", _("Asked for by the member")
    OUTWARD = "outward", _("To a union outside the district")
    INWARD = "inward", _("From a union outside the district")


class TransferState(TextChoices):
    REQUESTED = "requested", _("Waits for the member's yes")
    CONSENTED = "consented", _("Waits for the other union")
    ESCALATED = "escalated", _("Waits for the union above both")
    ACCEPTED = "accepted", pgettext_lazy("transfer", "Accepted, not moved yet")
    DONE = "done", pgettext_lazy("transfer", "Moved")
    REFUSED = "refused", pgettext_lazy("transfer", "Refused")
    EXPIRED = "expired", pgettext_lazy("transfer", "Nobody answered in time")
    WITHDRAWN = "withdrawn", pgettext_lazy("transfer", "Taken back")


S = TransferState
# Waiting for somebody's answer; an accepted one only waits for its day.
WAITING_TRANSFER = (S.REQUESTED, S.CONSENTED, S.ESCALATED)
OPEN_TRANSFER = (*WAITING_TRANSFER, S.ACCEPTED)

TRANSFER_MACHINE = Machine(
    name="transfer",
    steps=(
        Step("consent", (S.REQUESTED,), S.CONSENTED, P.ENROL),
        Step("decline", (S.REQUESTED, S.CONSENTED, S.ESCALATED), S.REFUSED),
        Step("accept", (S.CONSENTED, S.ESCALATED), S.ACCEPTED, P.APPROVE_APPLICATION),
        Step(
            "refuse",
            (S.REQUESTED, S.CONSENTED, S.ESCALATED),
            S.REFUSED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step("escalate", (S.CONSENTED,), S.ESCALATED, P.ENROL),
        Step("expire", WAITING_TRANSFER, S.EXPIRED),
        Step("withdraw", OPEN_TRANSFER, S.WITHDRAWN, P.ENROL),
        Step("finish", (S.ACCEPTED,), S.DONE),
    ),
)
