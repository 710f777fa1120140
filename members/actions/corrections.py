"""Correct who somebody is: name, document, phone. Evidence is kept, the log sees masked values."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from members.actions import people
from members.actions.candidates import person_index, read_id_number, read_name, read_phone
from members.actions.classification import lock_open
from members.models import Membership, Person
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused
from unionportal.core.masking import mask_name
from unionportal.core.messaging import outbox
from unionportal.core.models import Attachment, User
from unionportal.core.redaction import redact
from unionportal.core.roles import Permission

SUBJECTS = ("name", "id_number", "phone")


@transaction.atomic
def correct(
    *,
    membership: Membership,
    subject: str,
    value: str,
    reason: str,
    evidence: Attachment,
    by: User | ServiceActor,
) -> Person:
    """Write the right name, ID number or phone of a member, proven by `evidence`.

    A corrected phone must be verified again by its owner; the old one is told. Sex and birth date
    follow the ID number. Raises `Refused`: the field's own codes, `same_value`, `belongs_to_other`
    (two records of one person: see the duplicates), `phone_taken`; `Stale`; `NotAllowed`.
    """
    locked = lock_open(membership, by, Permission.APPROVE_APPLICATION)
    person = Person.objects.select_for_update().get(pk=locked.person_id)
    before = _masked(person, subject)
    writers = {"name": _name, "id_number": _id_number, "phone": _phone}
    fields = writers[subject](person, value, by)
    person.save(update_fields=fields)
    audit.record(
        by=by, verb="person.correct", target=person, reason=redact(reason), fields=[subject],
        data={"evidence": str(evidence.pk), "from": before, "to": _masked(person, subject)},
    )  # fmt: skip
    people.tell_changed(person, by)
    return person


def _masked(person: Person, subject: str) -> str:
    values = {
        "name": mask_name(person.name), "id_number": person.id_masked, "phone": person.phone_masked,
    }  # fmt: skip
    return values[subject]


def _name(person: Person, value: str, by: User | ServiceActor) -> tuple[str, ...]:
    name = read_name(value)
    _refuse_same(name, person.name)
    people.set_name(person, name)
    return people.NAME_FIELDS


def _id_number(person: Person, value: str, by: User | ServiceActor) -> tuple[str, ...]:
    number = read_id_number(person.id_type, value)
    _refuse_same(number, person.id_number)
    index = person_index(person.id_type, number)
    if Person.everyone.filter(id_index=index).exists():
        raise Refused(
            _(
                "This number is on record for another person. If both are one and the same, "
                "merge them on the page of duplicates; nothing was changed here."
            ),
            code="belongs_to_other",
            field="value",
        )
    people.set_document(person, person.id_type, number, index)
    return people.DOCUMENT_FIELDS


def _phone(person: Person, value: str, by: User | ServiceActor) -> tuple[str, ...]:
    number = read_phone(value)
    _refuse_same(number, person.phone)
    old = person.phone if person.phone_state == "verified" else ""
    people.set_phone(person, number, is_verified=False)
    holders = people.verified_holders([blind_index(number, "phone")]).values()
    if any(holder != person.pk for holder in holders):
        raise Refused(
            _("This phone is verified for another person. Each person needs a phone of their own."),
            code="phone_taken",
            field="value",
        )
    if old:
        outbox.queue(
            by=by, purpose="phone_changed", phone=old,
            body=_("Your union changed the phone on your record. If this is wrong, call your "
                   "union."),
        )  # fmt: skip
    return people.PHONE_FIELDS


def _refuse_same(new: str, old: str) -> None:
    if new == old:
        raise Refused(_("This is what the record says already."), code="same_value", field="value")
