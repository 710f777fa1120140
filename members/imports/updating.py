"""Bring the record of known people up to what a register says; remember what was replaced."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone

from members.actions.people import NAME_FIELDS, PHONE_FIELDS, set_name, set_phone
from members.imports import optional
from members.imports.reading import problem
from members.models import ImportBatch, ImportRow, Membership, MemberVehicle, Person
from members.states import OPEN_MEMBERSHIP, PhoneState, Verdict
from unionportal.core import audit
from unionportal.core.models import User

_OF_PERSON = {
    one.stored.removeprefix("person.") for one in optional.FIELDS.values() if one.on_person
}
_OF_MEMBERSHIP = {one.stored for one in optional.FIELDS.values() if not one.on_person}
PERSON_FIELDS = (*NAME_FIELDS, *PHONE_FIELDS, *sorted(_OF_PERSON))
MEMBERSHIP_FIELDS = ("vehicle_plate", "platform_name", "employer", *sorted(_OF_MEMBERSHIP))
Values = dict[str, str]
ENDED = ("id_number", "ended_meanwhile")


def write(*, by: User, batch: ImportBatch, portion: int) -> None:
    """Update the people of one portion; runs in the portion's transaction."""
    rows = list(batch.rows.filter(portion=portion, verdict=Verdict.UPDATE).order_by("number"))
    if not rows:
        return
    memberships = _locked([row.membership_id for row in rows if row.membership_id])
    changed: dict[UUID, list[str]] = {}
    driven: list[MemberVehicle] = []
    for row in rows:
        membership = memberships.get(row.membership_id) if row.membership_id else None
        obstacle = why_not(batch, membership)
        if obstacle is not None or membership is None:
            row.verdict = Verdict.HELD
            row.problems = [problem(*obstacle or ENDED), *row.problems]
            continue
        before = apply(membership, _shown(row))
        row.before = json.dumps(before)
        changed[membership.pk] = sorted(before)
        if "vehicle_plate" in before:
            driven.append(MemberVehicle(
                id=vehicle_id(row), membership=membership, plate=membership.vehicle_plate,
                started_on=max(timezone.localdate(), membership.joined_on),
            ))  # fmt: skip
    ImportRow.objects.bulk_update(rows, ["verdict", "problems", "before"], batch_size=1_000)
    # One that is driven already stays the row it is.
    MemberVehicle.objects.bulk_create(driven, ignore_conflicts=True)
    save([memberships[pk] for pk in changed], by=by, verb="membership.update")


def why_not(batch: ImportBatch, membership: Membership | None) -> tuple[str, str] | None:
    """Return the field and reason for which a known member is not this import's to change now."""
    if membership is None:
        return ENDED
    if not membership.unit.path.startswith(batch.unit.path):
        return ("unit", "other_union")
    if membership.person.stopped_at or membership.person.anonymised_at:
        return ("id_number", "stopped")
    return None


def _shown(row: ImportRow) -> Values:
    """Return the row's values that the preview said would change; nobody confirmed the others."""
    told = {one["field"] for one in row.problems if one["code"] in ("changes", "changes_to")}
    values: Values = json.loads(row.cleaned or "{}")
    return {name: value for name, value in values.items() if name in told}


def vehicle_id(row: ImportRow) -> UUID:
    """Return the id of the vehicle that a row opens, so that an undo finds it."""
    return uuid5(row.batch_id, f"vehicle {row.number}")


def apply(membership: Membership, values: Values) -> Values:
    """Put `values` on the (unsaved) record; return what they replaced, by field."""
    person, before = membership.person, {}
    now = current(membership)
    for name, value in values.items():
        if name not in now or not value or now[name] == value:
            continue
        if name == "phone" and person.phone_state == PhoneState.VERIFIED:
            continue
        before[name] = now[name]
        _set(membership, name, value)
    return before


def put_back(membership: Membership, before: Values, after: Values) -> bool:
    """Put the replaced values back, unless one of them was changed since; return whether."""
    now = current(membership)
    if "phone" in before and membership.person.phone_state == PhoneState.VERIFIED:
        return False  # its owner has said since that it is right
    if any(now[name] != after[name] for name in before):
        return False
    for name, value in before.items():
        _set(membership, name, value)
    return True


def current(membership: Membership) -> Values:
    """Return what a register may update, as a row would say it."""
    person = membership.person
    employer = membership.employer_id
    return {
        "name": person.name,
        "phone": person.phone,
        "vehicle_plate": membership.vehicle_plate,
        "platform_name": membership.platform_name,
        "employer": employer.hex if employer else "",
        **optional.recorded(membership),
    }


def save(memberships: list[Membership], *, by: User, verb: str) -> None:
    """Write changed records and log each."""
    Person.objects.bulk_update([one.person for one in memberships], PERSON_FIELDS, batch_size=500)
    Membership.objects.bulk_update(memberships, MEMBERSHIP_FIELDS, batch_size=500)
    audit.record_many(
        by=by,
        verb=verb,
        model=Membership,
        moves=[(one.pk, one.state, one.state) for one in memberships],
    )


def _locked(ids: list[UUID]) -> dict[UUID, Membership]:
    rows = Membership.objects.select_for_update(of=("self", "person")).filter(
        pk__in=ids, state__in=OPEN_MEMBERSHIP
    )
    return {row.pk: row for row in rows.select_related("person", "unit").order_by("pk")}


def _set(membership: Membership, name: str, value: Any) -> None:
    person = membership.person
    if name == "name":
        set_name(person, value)
    elif name == "phone":
        _set_phone(person, value)
    elif name == "employer":
        membership.employer_id = UUID(value) if value else None
    elif name in optional.FIELDS:
        optional.put(membership, name, value)
    else:
        setattr(membership, name, value)


def _set_phone(person: Person, value: str) -> None:
    if value:
        set_phone(person, value, is_verified=False)
        return
    person.phone = person.phone_masked = person.phone_tail = ""
    person.phone_index = person.phone_verified_at = None
    person.phone_state = PhoneState.NONE
