"""Find people and say how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from members.actions.candidates import person_index
from members.models import Application, MemberCertificate, Membership, Person, UnionUnit
from members.states import OPEN_APPLICATION, OPEN_MEMBERSHIP

# A phone held by more people than this is worth a look; never an error (shared phones exist).
SHARED_PHONE_LIMIT = 3


@dataclass(frozen=True)
class MemberStatus:
    """How a person stands today."""

    membership: Membership | None
    unit: UnionUnit | None
    since: date | None
    certificate: MemberCertificate | None
    application: Application | None

    @property
    def is_member(self) -> bool:
        return self.membership is not None


def find_person(id_type: str, id_number: str) -> Person | None:
    """Return the person with this document, by blind index; None when unknown."""
    return Person.objects.filter(id_index=person_index(id_type, id_number)).first()


def status_of(person: Person) -> MemberStatus:
    """Return the open membership and the newest open application of `person`; two queries."""
    membership = (
        Membership.objects.filter(person=person, state__in=OPEN_MEMBERSHIP)
        .select_related("unit", "group", "employer", "certificate")
        .first()
    )
    application = (
        Application.objects.filter(id_index=person.id_index, state__in=OPEN_APPLICATION)
        .select_related("unit", "group")
        .defer("id_number", "phone")
        .first()
    )
    return MemberStatus(
        membership=membership,
        unit=membership.unit if membership else None,
        since=membership.joined_on if membership else None,
        certificate=getattr(membership, "certificate", None),
        application=application,
    )


def open_application(id_type: str, id_number: str) -> Application | None:
    """Return the open application of somebody who need not be a person yet."""
    rows = Application.objects.filter(
        id_index=person_index(id_type, id_number), state__in=OPEN_APPLICATION
    )
    return rows.select_related("unit", "group").first()


def shared_phone_count(phone_index: UUID) -> int:
    """Return how many people are known by this phone."""
    return Person.objects.filter(phone_index=phone_index).count()


def is_widely_shared(phone_index: UUID) -> bool:
    """Say whether more people are known by this phone than one family explains."""
    return shared_phone_count(phone_index) > SHARED_PHONE_LIMIT
