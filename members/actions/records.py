"""Write the optional part of the real-name record: what changed, and nothing that did not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members import record, signals
from members.actions.classification import lock_open
from members.models import Membership, Person
from members.record import MemberField
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission


def version(membership: Membership) -> str:
    """Return what the record is now, as a token: it changes with any value an edit could change."""
    values = [str(record.stored_value(membership, one)) for one in record.EDITABLE]
    return hashlib.sha256(json.dumps([str(membership.pk), *values]).encode()).hexdigest()[:32]


@transaction.atomic
def edit(
    *,
    membership: Membership,
    values: Mapping[str, Any],
    by: User | ServiceActor,
    seen: str | None = None,
) -> list[str]:
    """Store `values` (field name → stored value as `record.read` returns it); return what changed.

    Only editable fields are taken. Raises `Stale` when the record is not what `seen` says or the
    membership has ended, `Refused` `stopped`, `NotAllowed` outside `by`'s reach.
    """
    locked = lock_open(membership, by, Permission.ENROL)
    locked.person = Person.objects.select_for_update().defer("id_number", "phone").get(
        pk=locked.person_id
    )  # fmt: skip
    if seen is not None and version(locked) != seen:
        raise Stale(
            _("Somebody else changed this record meanwhile. Compare, then save again."),
            code="stale",
        )
    changed = [
        one for one in record.EDITABLE
        if one.name in values and record.stored_value(locked, one) != values[one.name]
    ]  # fmt: skip
    for one in changed:
        setattr(locked.person if one.on_person else locked, one.attribute, values[one.name])
    _save(locked, changed)
    names = [one.name for one in changed]
    if names:
        audit.record(by=by, verb="membership.edit", target=locked, fields=names)
        signals.membership_changed.send(Membership, membership=locked, by=by)
    return names


def _save(membership: Membership, changed: Iterable[MemberField]) -> None:
    on_person = [one.attribute for one in changed if one.on_person]
    on_membership = [one.attribute for one in changed if not one.on_person]
    if on_person:
        membership.person.save(update_fields=on_person)
    if on_membership:
        membership.save(update_fields=on_membership)
