"""Remove who somebody was: counts, dates and the ledger stay, the identity goes (PIPL 47)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions.forgetting import empty_rows, empty_texts
from members.models import (
    Application,
    Consent,
    DataRequest,
    Membership,
    Person,
)
from members.states import OPEN_APPLICATION, OPEN_MEMBERSHIP, PhoneState
from unionportal.core import audit, files
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment, User

# Nothing of a document is left: a random index can never be met by a number again.
NO_PERSON = {
    "name": "", "name_pinyin": "", "name_initials": "", "name_grams": [], "id_number": "",
    "id_masked": "", "sex": 0, "birth_date": None, "phone": "", "phone_index": None,
    "phone_masked": "", "phone_tail": "", "phone_state": PhoneState.NONE,
    "phone_verified_at": None, "id_expires_on": None, "ethnicity": None,
    "political_affiliation": None, "education": None, "household_type": "",
    "is_migrant_worker": None, "skill_level": None, "residence_division": "",
    "residence_text": None,
}  # fmt: skip
NO_APPLICATION = {
    "name": "", "id_number": "", "id_masked": "", "phone": "", "phone_masked": "",
    "vehicle_plate": "", "platform_name": "", "answer": "", "confirm_token": None,
    "complete_token": None,
}  # fmt: skip


@transaction.atomic
def anonymise_person(*, person: Person, by: User | ServiceActor, reason: str = "") -> Person:
    """Remove the identity of a person without an open membership, for good.

    Memberships, movements, entitlements and payments stay with their ids and days, so that every
    past day counts as it did. Papers are destroyed. Raises `Refused` (`still_member`,
    `open_application`); doing it again changes nothing.
    """
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.anonymised_at:
        return locked
    _check_ended(locked)
    # Records merged into this one tell of the same person.
    twins = list(Person.everyone.select_for_update().filter(merged_into=locked).order_by("pk"))
    people = [locked, *twins]
    _drop(_papers_of(people))
    empty_texts(people)
    own = Application.objects.filter(person__in=people).values_list("pk", flat=True)
    anonymise_applications(list(own))
    for record in people:
        _empty(record)
    audit.record(by=by, verb="person.anonymise", target=locked, reason=reason)
    signals.person_anonymised.send(Person, person=locked, by=by)
    return locked


def _empty(record: Person) -> None:
    for name, value in NO_PERSON.items():
        setattr(record, name, value)
    record.id_index, record.anonymised_at = new_id(), timezone.now()
    record.save(update_fields=[*NO_PERSON, "id_index", "anonymised_at"])


def _check_ended(person: Person) -> None:
    if Membership.objects.filter(person=person, state__in=OPEN_MEMBERSHIP).exists():
        raise Refused(
            _("This person is still a member. End the membership first."), code="still_member"
        )
    waiting = Application.objects.filter(id_index=person.id_index, state__in=OPEN_APPLICATION)
    if waiting.exists():
        raise Refused(
            _("An application of this person is open. Decide it first."), code="open_application"
        )


@transaction.atomic
def anonymise_applications(ids: Collection[UUID]) -> int:
    """Remove who sent in these closed applications; source, unit, days and outcome stay."""
    rows = list(Application.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    closed = [row for row in rows if row.state not in OPEN_APPLICATION]
    empty_rows(Q(application__in=closed))
    papers = Attachment.objects.filter(
        Q(pk__in=[row.evidence_id for row in closed if row.evidence_id])
        | Q(application_file__application__in=closed)
    )
    _drop(papers)
    for row in closed:
        for name, value in NO_APPLICATION.items():
            setattr(row, name, value)
        row.id_index, row.phone_index = new_id(), new_id()
    Application.objects.bulk_update(
        closed, [*NO_APPLICATION, "id_index", "phone_index"], batch_size=500
    )
    return len(closed)


def _drop(papers: QuerySet[Attachment]) -> None:
    """Destroy the papers; the name of a file often is the name of a person."""
    found = list(papers.values_list("pk", flat=True))
    files.drop(Attachment.objects.filter(pk__in=found, dropped_at=None))
    Attachment.objects.filter(pk__in=found).update(name="")


def _papers_of(people: list[Person]) -> QuerySet[Attachment]:
    consents = Consent.objects.filter(person__in=people, evidence__isnull=False)
    requests = DataRequest.objects.filter(person__in=people, evidence__isnull=False)
    members = Membership.objects.filter(person__in=people)
    steps = members.filter(status_changes__evidence__isnull=False)
    moves = members.filter(transfers__paper__isnull=False)
    return Attachment.objects.filter(
        Q(pk__in=consents.values("evidence"))
        | Q(pk__in=requests.values("evidence"))
        | Q(pk__in=steps.values("status_changes__evidence"))
        | Q(pk__in=moves.values("transfers__paper"))
    )
