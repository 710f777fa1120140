"""What happened to a member, told from the audit log in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from unionportal.core.models import AuditEvent, RevealEvent

if TYPE_CHECKING:
    from django.db.models import Model

WORDS: dict[str, str | Promise] = {
    "application.submit": _("Application sent in"),
    "application.return": _("Application returned to complete"),
    "application.resubmit": _("Application sent in again"),
    "application.approve": _("Application approved"),
    "application.reject": _("Application not approved"),
    "application.withdraw": _("Application withdrawn"),
    "application.confirm": _("Confirmed by text message"),
    "membership.open": _("Membership begins, certificate issued"),
    "membership.confirm": _("Own wish to join recorded"),
    "membership.move_unit": _("Moved to another union unit"),
    "membership.retain": _("Membership retained"),
    "membership.reactivate": _("Membership active again"),
    "membership.resign": _("Left the union"),
    "membership.expel": _("Expelled"),
    "membership.move_away": _("Moved to a union elsewhere"),
    "membership.record_death": _("Death recorded"),
    "membership.annul": _("Membership annulled"),
    "person.verify_phone": _("Phone verified by its owner"),
    "unit.establish": _("Union established"),
    "unit.dissolve": _("Union dissolved"),
}
LONGEST = 50


def timeline_of(*targets: Model | None) -> list[dict[str, Any]]:
    """Return what happened to `targets`, newest first, as entries of the timeline component."""
    keys: dict[str, list[str]] = {}
    for target in targets:
        if target is not None:
            keys.setdefault(target._meta.label_lower, []).append(str(target.pk))
    events = AuditEvent.objects.none()
    for kind, ids in keys.items():
        events |= AuditEvent.objects.filter(target_type=kind, target_id__in=ids)
    return [_entry(event) for event in events.order_by("-id")[:LONGEST]]


def _entry(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "text": WORDS.get(event.verb, event.verb),
        "note": event.reason,
        "by": "" if event.actor_label.startswith("service:") else event.actor_label,
    }


def looks_at(target: Model) -> list[RevealEvent]:
    """Return who looked at full numbers of `target`, newest first."""
    rows = RevealEvent.objects.filter(
        target_type=target._meta.label_lower, target_id=str(target.pk)
    )
    return list(rows.order_by("-at")[:LONGEST])
