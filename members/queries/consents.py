"""Who agreed to what, and who took it back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from members.actions.consents import current_notices
from members.models import Consent, ConsentNotice, Person
from members.models.consents import Purpose


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One purpose on a page: the notice in force, what was given, what came before."""

    notice: ConsentNotice
    held: Consent | None
    past: list[Consent]

    @property
    def is_current(self) -> bool:
        return self.held is not None and self.held.version == self.notice.version


def consent_lines(person: Person) -> list[ConsentLine]:
    """Return every purpose with what `person` gave and withdrew; two queries."""
    rows = list(Consent.objects.filter(person=person).order_by("given_at"))
    lines = []
    for purpose, notice in current_notices().items():
        own = [row for row in rows if row.purpose == purpose]
        held = next((row for row in own if row.withdrawn_at is None), None)
        lines.append(ConsentLine(notice, held, [row for row in own if row.withdrawn_at]))
    return lines


def refusers(purpose: str) -> QuerySet[Person]:
    """Return the people who withdrew the consent to `purpose`, or to membership altogether.

    Those who never were asked are not among them. Few: an index holds the withdrawn ones.
    """
    later = Consent.objects.filter(
        person=OuterRef("person"), purpose=OuterRef("purpose"), withdrawn_at=None
    )
    withdrawn = Consent.objects.filter(
        ~Exists(later),
        purpose__in=[purpose, Purpose.MEMBERSHIP],
        withdrawn_at__isnull=False,
    )
    return Person.objects.filter(Q(pk__in=withdrawn.order_by().values("person_id")))
