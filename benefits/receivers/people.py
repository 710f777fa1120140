"""What a person decides about the own data, heard by cards and subsidies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.dispatch import receiver

from benefits.actions import cards
from benefits.models import CardRequestLine, HandOut, PayeeAccount, PayoutOrder
from members.actions.forgetting import GONE
from members.models import Consent, Membership, Person
from members.models.consents import Purpose
from members.signals import consent_given, consent_withdrawn, person_anonymised
from members.states import OPEN_MEMBERSHIP

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

FOR_CARDS = (Purpose.CARD, Purpose.MEMBERSHIP)


@receiver(consent_withdrawn, dispatch_uid="cards.consent_withdrawn")
def on_consent_withdrawn(
    sender: Any, consent: Consent, by: User | ServiceActor, **kwargs: Any
) -> None:
    """Take back card requests the bank has not heard of yet."""
    if consent.purpose in FOR_CARDS:
        for membership in Membership.objects.filter(person=consent.person_id):
            cards.drop_requests(membership=membership, by=by)


@receiver(consent_given, dispatch_uid="cards.consent_given")
def on_consent_given(sender: Any, consent: Consent, by: User | ServiceActor, **kwargs: Any) -> None:
    """Ask for the card again once nothing forbids it."""
    if consent.purpose in FOR_CARDS:
        mine = Membership.objects.filter(person=consent.person_id, state__in=OPEN_MEMBERSHIP)
        cards.request_for(mine, by=by)


@receiver(person_anonymised, dispatch_uid="cards.person_anonymised")
def on_person_anonymised(sender: Any, person: Person, **kwargs: Any) -> None:
    """Empty what was sent to the bank to make cards, and words; vouchers of payments stay."""
    lines = CardRequestLine.objects.filter(card__person=person)
    lines.update(name="", id_number="", phone="")
    PayoutOrder.objects.filter(line__entitlement__person=person).update(package=None)
    PayeeAccount.objects.filter(person=person).update(notice_phone=None)
    given = HandOut.objects.filter(Q(person=person) | Q(entitlement__person=person))
    given.exclude(undone_reason="").update(undone_reason=GONE)
