"""Write people: once each, found by the blind index of their document; phones by rank of proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.models import Application, Membership, Person
from members.models.people import IdType
from members.queries.people import owners_of
from members.states import OPEN_MEMBERSHIP, PhoneState
from unionportal.core import audit, identifiers, pinyin
from unionportal.core.actors import ServiceActor
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused
from unionportal.core.input_errors import InputError
from unionportal.core.masking import mask_id, mask_phone
from unionportal.core.models import User

NAME_FIELDS = ("name", "name_pinyin", "name_initials", "name_grams")
DOCUMENT_FIELDS = ("id_type", "id_number", "id_index", "id_masked", "sex", "birth_date")
PHONE_FIELDS = (
    "phone",
    "phone_index",
    "phone_masked",
    "phone_tail",
    "phone_state",
    "phone_verified_at",
)


@transaction.atomic
def verify_phone(*, person: Person, phone: str, by: User | ServiceActor) -> Person:
    """Record that `person` answered a code sent to `phone`.

    Raises `Refused`: `phone_taken` when the phone is verified for another person, or the phone
    rule's own code.
    """
    try:
        number = identifiers.parse_phone(phone).number
    except InputError as error:
        raise Refused(error.message, code=error.code, field="phone") from error
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if _is_held_by_other(locked, number):
        raise Refused(
            _("This phone is verified for another person. Each person needs a phone of their own."),
            code="phone_taken",
            field="phone",
        )
    set_phone(locked, number, is_verified=True)
    locked.save(update_fields=PHONE_FIELDS)
    audit.record(by=by, verb="person.verify_phone", target=locked, fields=["phone"])
    tell_changed(locked, by)
    return locked


def _is_held_by_other(person: Person, number: str) -> bool:
    held = Person.objects.filter(
        phone_index=blind_index(number, "phone"), phone_state=PhoneState.VERIFIED
    )
    return held.exclude(pk=person.pk).exists()


def tell_changed(person: Person, by: User | ServiceActor) -> None:
    """Let upper apps hear that something about `person`'s open membership changed."""
    for membership in Membership.objects.filter(person=person, state__in=OPEN_MEMBERSHIP):
        signals.membership_changed.send(Membership, membership=membership, by=by)


def verified_holders(phones: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return who holds each of the phones (blind indexes) verified: {phone: person id}."""
    held = Person.objects.filter(phone_index__in=set(phones), phone_state=PhoneState.VERIFIED)
    return {index: pk for index, pk in held.values_list("phone_index", "pk") if index}


def set_phone(person: Person, number: str, *, is_verified: bool) -> None:
    """Put `number` on `person` (unsaved), verified or only claimed."""
    person.phone = number
    person.phone_index = blind_index(number, "phone")
    person.phone_masked = mask_phone(number)
    person.phone_tail = number[-4:]
    person.phone_state = PhoneState.VERIFIED if is_verified else PhoneState.CLAIMED
    person.phone_verified_at = timezone.now() if is_verified else None


def write_people(applications: Sequence[Application]) -> dict[UUID, Person]:
    """Return the person of each application by `id_index`: linked when known, else written.

    Four statements at most. Runs inside the approval's transaction.
    """
    indexes = {application.id_index for application in applications}
    owners = owners_of(indexes)
    known = Person.objects.select_for_update().filter(pk__in=owners.values()).order_by("pk")
    by_id = {person.pk: person for person in known.defer("id_number", "phone")}
    people = {index: by_id[owner] for index, owner in owners.items()}
    holders = verified_holders(application.phone_index for application in applications)
    new: list[Person] = []
    changed: list[Person] = []
    for application in applications:
        person = people.get(application.id_index)
        if person is None:
            person = people[application.id_index] = build_person(application)
            new.append(person)
            _take_phone(person, application, holders)
        elif _take_phone(person, application, holders):
            changed.append(person)
    Person.objects.bulk_create(new)
    if changed:
        Person.objects.bulk_update(changed, PHONE_FIELDS)
    return people


def _take_phone(person: Person, application: Application, holders: dict[UUID, UUID]) -> bool:
    """Put the application's phone on `person`; a verified phone never yields to a claimed one."""
    holder = holders.get(application.phone_index, person.pk)
    is_verified = application.phone_is_verified and holder == person.pk
    if not is_verified and person.phone_state == PhoneState.VERIFIED:
        return False
    set_phone(person, application.phone, is_verified=is_verified)
    if is_verified:
        holders[application.phone_index] = person.pk
    return True


def build_person(application: Application) -> Person:
    """Return an unsaved person with the search keys and what the ID number says."""
    person = Person()
    set_name(person, application.name)
    set_document(person, application.id_type, application.id_number, application.id_index)
    return person


def set_name(person: Person, name: str) -> None:
    """Put `name` on `person` (unsaved) with the keys it is searched by."""
    person.name = name
    person.name_pinyin = pinyin.pinyin_key(name)[:200]
    person.name_initials = pinyin.initials(name)[:50]
    person.name_grams = pinyin.bigrams(name)


def set_document(person: Person, id_type: str, id_number: str, id_index: UUID) -> None:
    """Put a checked document on `person` (unsaved) with what the number itself says."""
    person.id_type, person.id_number, person.id_index = id_type, id_number, id_index
    person.id_masked = mask_id(id_number)
    person.sex, person.birth_date = 0, None
    if id_type == IdType.CITIZEN:
        document = identifiers.parse_citizen_id(id_number, minimum_age=None)
        person.sex, person.birth_date = int(document.sex), document.birth_date
