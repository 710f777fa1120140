"""Find people and say how they stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

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
    return person_of(person_index(id_type, id_number))


def person_of(id_index: UUID) -> Person | None:
    """Return whom a document leads to: its person, or the one that record was merged into."""
    return Person.objects.filter(under_number(id_index)).first()


def under_number(*indexes: UUID, prefix: str = "") -> Q:
    """Match people (at `prefix`) by a document of theirs, that of a merged record included."""
    found = Person.everyone.filter(id_index__in=indexes)
    return Q(**{f"{prefix}pk__in": found.values(owner=Coalesce("merged_into", "pk"))})


def owners_of(indexes: Collection[UUID]) -> dict[UUID, UUID]:
    """Return {document: person id} for those known, merged records leading to the survivor."""
    rows = Person.everyone.filter(id_index__in=indexes)
    found = rows.values_list("id_index", "pk", "merged_into")
    return {index: merged_into or pk for index, pk, merged_into in found}


def numbers_of(person: Person) -> QuerySet[Person, UUID]:
    """Return every document `person` is known by."""
    rows = Person.everyone.filter(Q(pk=person.pk) | Q(merged_into=person.pk))
    return rows.values_list("id_index", flat=True)


def status_of(person: Person) -> MemberStatus:
    """Return the open membership and the newest open application of `person`; two queries."""
    membership = (
        Membership.objects.filter(person=person, state__in=OPEN_MEMBERSHIP)
        .select_related("unit", "group", "employer", "certificate")
        .first()
    )
    application = (
        Application.objects.filter(id_index__in=numbers_of(person), state__in=OPEN_APPLICATION)
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
