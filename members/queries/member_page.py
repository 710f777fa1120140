"""What a member's page shows beside the person: record, histories, consents, requests, steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members import record
from members.actions import standing
from members.actions.rejoining import MAY_RETURN
from members.models import DataRequest, Membership
from members.queries.consents import consent_lines
from members.record import Sensitivity
from members.states import RequestState
from unionportal.core.roles import Permission, permissions_of

if TYPE_CHECKING:
    from unionportal.core.models import User

# These have a line of their own on the page.
ELSEWHERE = {
    "name", "id_number", "id_type", "phone", "unit", "employer", "group", "platform_name",
    "vehicle_plate", "joined_on", "member_no",
}  # fmt: skip


def of(membership: Membership, user: User, *, may_reveal: bool) -> dict[str, Any]:
    """Return the context of the page; about ten queries, whatever the member's age."""
    held = permissions_of(user)
    is_fed = membership.unit.is_external
    acts = membership.is_open and not membership.person.stopped_at and not is_fed
    decides = Permission.APPROVE_APPLICATION in held
    return {
        **_record(membership, may_reveal=may_reveal),
        "changes": membership.status_changes.select_related("recorded_by").order_by("-day", "-pk"),
        "affiliations": membership.affiliations.select_related("unit", "employer").order_by(
            "-started_on", "-pk"
        ),
        "groups": membership.group_history.select_related("group").order_by("-started_on"),
        "vehicles": membership.vehicles.order_by("-started_on", "-pk"),
        "others": _others(membership, user),
        "consents": consent_lines(membership.person),
        "requests": DataRequest.objects.visible_to(user)
        .filter(person=membership.person_id)
        .order_by("-filed_at")
        .defer("text"),
        "open_state": RequestState.OPEN,
        "verbs": standing.possible(membership) if decides and not is_fed else [],
        "is_fed": is_fed,
        "may_edit": acts and Permission.ENROL in held,
        "may_decide": acts and decides,
        "may_consent": decides and not membership.person.anonymised_at,
        "may_return": Permission.ENROL in held
        and membership.state in MAY_RETURN
        and not (membership.person.stopped_at or membership.person.anonymised_at),
    }


def _record(membership: Membership, *, may_reveal: bool) -> dict[str, Any]:
    """Return the rows of the record that say something, and how many were not asked."""
    fields = [
        one for one in record.seen_by(may_reveal=may_reveal)
        if one.name not in ELSEWHERE and one.sensitivity != Sensitivity.NUMBER
    ]  # fmt: skip
    rows = [(one, record.stored_value(membership, one)) for one in fields]
    known = [
        (one.label, record.shown(one, value)) for one, value in rows if value not in (None, "")
    ]
    return {"record_rows": known, "not_asked": len(rows) - len(known)}


def _others(membership: Membership, user: User) -> list[Membership]:
    """Return this person's other memberships the reader may see, newest first."""
    rows = Membership.objects.visible_to(user).filter(person=membership.person_id)
    return list(rows.exclude(pk=membership.pk).select_related("unit").order_by("-joined_on"))
