"""Give and withdraw consent, purpose by purpose, to a notice of one version."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions.people import tell_changed
from members.models import Consent, ConsentNotice, Person
from members.models.codes import StopReason
from members.models.consents import Purpose
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Attachment, User


def current_notices() -> dict[str, ConsentNotice]:
    """Return the notice in force today of each purpose, in the purposes' order."""
    rows = ConsentNotice.objects.filter(valid_from__lte=timezone.localdate())
    newest = {row.purpose: row for row in rows.order_by("valid_from")}
    return {purpose: newest[purpose] for purpose in Purpose.values if purpose in newest}


@transaction.atomic
def give(
    *,
    person: Person,
    purpose: str,
    by: User | ServiceActor,
    version: str | None = None,
    evidence: Attachment | None = None,
) -> Consent:
    """Record that `person` agreed to the notice in force (`version`: the one that was read).

    An open consent to an older version ends as the new one begins. Raises `Refused`
    (`notice_changed`) when `version` is not in force, `Stale` when it was given already.
    """
    _lock(person)
    notice = current_notices().get(purpose)
    if notice is None or (version is not None and notice.version != version):
        raise Refused(
            _("The notice changed meanwhile. Read the new one before you agree."),
            code="notice_changed",
        )
    now = timezone.now()
    held = Consent.objects.filter(person=person, purpose=purpose, withdrawn_at=None)
    if held.filter(version=notice.version).exists():
        raise Stale(_("This consent is on record already."), code="stale")
    held.update(withdrawn_at=now)
    consent = Consent.objects.create(
        person=person, purpose=purpose, version=notice.version, given_at=now, evidence=evidence
    )
    if purpose == Purpose.MEMBERSHIP and person.stopped_at:
        Person.objects.filter(pk=person.pk).update(stopped_at=None, stopped_reason="")
    audit.record(by=by, verb="consent.give", target=person, data={"purpose": purpose})
    signals.consent_given.send(Consent, consent=consent, by=by)
    tell_changed(person, by)
    return consent


@transaction.atomic
def withdraw(*, person: Person, purpose: str, by: User | ServiceActor, reason: str = "") -> Consent:
    """End the consent to `purpose` now; nothing done before becomes wrong (PIPL 15).

    Without consent to membership nothing but storing and ending is done with the data (PIPL 47).
    Raises `Stale` when there is none.
    """
    _lock(person)
    consent = Consent.objects.filter(person=person, purpose=purpose, withdrawn_at=None).first()
    if consent is None:
        raise Stale(_("This consent is not on record any more."), code="stale")
    now = timezone.now()
    consent.withdrawn_at = now
    consent.save(update_fields=["withdrawn_at"])
    if purpose == Purpose.MEMBERSHIP:
        Person.objects.filter(pk=person.pk).update(
            stopped_at=now, stopped_reason=StopReason.WITHDRAWN
        )
    audit.record(
        by=by, verb="consent.withdraw", target=person, reason=reason, data={"purpose": purpose}
    )
    signals.consent_withdrawn.send(Consent, consent=consent, by=by)
    tell_changed(person, by)
    return consent


def _lock(person: Person) -> Person:
    return Person.objects.select_for_update().only("pk").get(pk=person.pk)
