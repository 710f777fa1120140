"""What happened to a member, told from the audit log in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.states import MovementKind
from unionportal.core.models import AuditEvent, RevealEvent

if TYPE_CHECKING:
    from django.db.models import Model

    from members.models import Application, Membership, Movement

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
    "membership.put_back": _("Put back as it was before"),
    "membership.resign": _("Left the union"),
    "membership.expel": _("Expelled"),
    "membership.move_away": _("Moved to a union elsewhere"),
    "membership.record_death": _("Death recorded"),
    "membership.annul": _("Membership annulled"),
    "application.add_file": _("Paper added"),
    "application.drop_file": _("Paper taken off"),
    "certificate.reissue": _("Certificate issued again"),
    "certificate.revoke": _("Certificate withdrawn"),
    "certificate.print": _("Certificate printed"),
    "transfer.request": _("Transfer asked for"),
    "transfer.consent": _("The member agreed to the transfer"),
    "transfer.decline": _("The member does not wish to move"),
    "transfer.accept": _("The other side accepted the transfer"),
    "transfer.refuse": _("The transfer was refused"),
    "transfer.escalate": _("Put before the union above both sides"),
    "transfer.expire": _("Nobody answered the transfer in time"),
    "transfer.withdraw": _("The transfer was taken back"),
    "transfer.finish": _("The membership moved"),
    "membership.reclassify": _("Changed to another group"),
    "membership.edit": _("Record edited"),
    "membership.add_vehicle": _("Vehicle added"),
    "membership.end_vehicle": _("Vehicle ended"),
    "person.correct": _("Name, number or phone corrected"),
    "person.copy": _("The person took a copy of the own data"),
    "person.anonymise": _("Identity removed"),
    "consent.give": _("Consent given"),
    "consent.withdraw": _("Consent withdrawn"),
    "person.verify_phone": _("Phone verified by its owner"),
    "unit.create": _("Unit added"),
    "unit.edit": _("Unit edited"),
    "unit.move": _("Unit moved in the tree"),
    "unit.split": _("A part of the unit left"),
    "unit.merge": _("Unit merged into another"),
    "unit.close": _("Unit closed"),
    "unit.set_industrial_parent": _("Industrial union changed"),
    "unit.certify": _("Legal-person certificate recorded"),
    "unit.record_reply": _("Reply of the upper union recorded"),
    "unit.grant_plaque": _("Plaque recorded"),
    "unit.take_down_plaque": _("Plaque taken down"),
    "unit.record_contract": _("Collective contract recorded"),
    "unit.file_contract": _("Collective contract filed"),
    "unit.feed": _("Number of members sent by its own system"),
    "unit.establish": _("Union established"),
    "unit.dissolve": _("Union dissolved"),
    "area.add": _("Area added"),
    "area.end": _("Area ended"),
    "employer.record": _("Employer recorded"),
    "employer.change": _("Record changed"),
    "employer.count": _("Headcount recorded"),
    "employer.cover": _("Covered by a union"),
    "employer.uncover": _("No longer covered by a union"),
    "employer.link": _("Linked to another firm, driver or vehicle"),
    "employer.unlink": _("Link ended"),
    "employer.merge": _("Merged with its double"),
}
LONGEST = 50
# The movements that say something about the person; the other half of each pair is bookkeeping.
TOLD_MOVEMENTS = (
    MovementKind.JOIN,
    MovementKind.LEAVE,
    MovementKind.TRANSFER_IN,
    MovementKind.RECLASSIFY_IN,
    MovementKind.ANNUL,
)


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


def with_membership_past(
    entries: list[dict[str, Any]], membership: Membership
) -> list[dict[str, Any]]:
    """Add the membership's movements from before the log knew it, below the logged entries."""
    rows = membership.movements.filter(kind__in=TOLD_MOVEMENTS).select_related("unit", "group")
    if entries:
        rows = rows.filter(day__lt=timezone.localdate(entries[-1]["at"]))
    return entries + [_movement(row) for row in rows.order_by("-day", "-pk")[:LONGEST]]


def _movement(row: Movement) -> dict[str, Any]:
    is_group = row.kind == MovementKind.RECLASSIFY_IN
    note = str(row.group) if is_group else row.unit.name
    return {"day": row.day, "text": row.get_kind_display(), "note": note}


def with_application_past(
    entries: list[dict[str, Any]], application: Application
) -> list[dict[str, Any]]:
    """Add when an application was sent in and decided, where the log does not say it."""
    past: list[dict[str, Any]] = []
    if not any(entry["text"] == WORDS["application.approve"] for entry in entries):
        decision = getattr(application, "decision", None)
        if decision is not None:
            past.append({"day": decision.decided_on, "text": WORDS["application.approve"],
                         "by": decision.signer})  # fmt: skip
    if not any(entry["text"] == WORDS["application.submit"] for entry in entries):
        source = application.get_source_display()
        past.append({"at": application.submitted_at, "text": WORDS["application.submit"],
                     "note": source})  # fmt: skip
    return entries + past


def looks_at(target: Model) -> list[RevealEvent]:
    """Return who looked at full numbers of `target`, newest first."""
    rows = RevealEvent.objects.filter(
        target_type=target._meta.label_lower, target_id=str(target.pk)
    )
    return list(rows.order_by("-at")[:LONGEST])
