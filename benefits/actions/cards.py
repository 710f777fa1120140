"""Keep member cards: asked for on approval, handed out, asked for again, lost, closed.

A card's number and its activation come from the bank's files only (domain.md 2.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from benefits.actions.rights import require
from benefits.models import CardEvent, MemberCard
from benefits.states.cards import OPEN_CARD, AccountState, CardEventKind, CardState
from members.models import Membership
from members.models.consents import Purpose
from members.queries.consents import refusers
from unionportal.core import audit
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from uuid import UUID

    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

CHUNK = 2_000


@transaction.atomic
def request_for(memberships: Iterable[Membership], *, by: User | ServiceActor) -> int:
    """Ask for a card for every member without one; return how many cards that made.

    Nobody's data goes to the bank who took the consent to it back (PIPL 23, 29).
    """
    members = [one for one in memberships if one.is_open]
    asked = refusers(Purpose.CARD).filter(pk__in=[one.person_id for one in members])
    refused = set(asked.values_list("pk", flat=True))
    cards = [
        MemberCard(id=new_id(), membership_id=one.pk, person_id=one.person_id)
        for one in members
        if one.person_id not in refused
    ]
    MemberCard.objects.bulk_create(cards, ignore_conflicts=True, batch_size=CHUNK)
    kept = MemberCard.objects.filter(pk__in=[card.pk for card in cards])
    made = list(kept.values_list("pk", flat=True))
    note(made, CardEventKind.REQUESTED)
    audit.record_many(
        by=by, verb="card.request", model=MemberCard,
        moves=[(pk, "", CardState.REQUESTED) for pk in made],
    )  # fmt: skip
    return len(made)


@transaction.atomic
def take_over(memberships: Iterable[Membership], *, by: User | ServiceActor) -> int:
    """Hang the standing cards of people who joined again on their new memberships; return count."""
    by_person = {one.person_id: one.pk for one in memberships}
    standing = MemberCard.objects.filter(person_id__in=by_person, state__in=OPEN_CARD)
    older = list(standing.exclude(membership_id__in=by_person.values()).defer("card_no"))
    for card in older:
        card.membership_id = by_person[card.person_id]
        card.save(update_fields=["membership"])
        audit.record(by=by, verb="card.take_over", target=card, fields=["membership"])
    return len(older)


@transaction.atomic
def drop_requests(*, membership: Membership, by: User | ServiceActor) -> int:
    """Close the requests of a membership that ended before the bank heard of them."""
    waiting = membership.cards.requestable()
    closed = move_all(
        waiting, "close", by=by, reason=gettext_noop("membership ended"), closed_at=timezone.now()
    )
    note(closed, CardEventKind.CLOSED)
    return len(closed)


def note(card_ids: Sequence[UUID], kind: CardEventKind, *, code: str = "") -> None:
    """Write one event of `kind`, now, for each card."""
    now = timezone.now()
    CardEvent.objects.bulk_create(
        [CardEvent(card_id=pk, kind=kind, at=now, code=code) for pk in card_ids], batch_size=CHUNK
    )


@transaction.atomic
def request_again(*, by: User, card: MemberCard) -> MemberCard:
    """Put a card the bank refused on the next request file; raise `NotAllowed`, `Stale`."""
    require(by, Permission.MANAGE_CARDS)
    move(card, "request_again", by=by, request_file=None, request_seq=None, refusal_code="",
         requested_at=timezone.now())  # fmt: skip
    note([card.pk], CardEventKind.REQUESTED)
    return card


@transaction.atomic
def hand_out(*, by: User, card: MemberCard) -> MemberCard:
    """Record that the member has the card in hand; raise `NotAllowed`, `Stale`."""
    require(by, Permission.MANAGE_CARDS)
    move(card, "hand_out", by=by, handed_out_at=timezone.now())
    note([card.pk], CardEventKind.HANDED_OUT)
    return card


@transaction.atomic
def report_lost(*, by: User, card: MemberCard, reason: str) -> MemberCard:
    """Record a lost card and ask for a new one; money no longer goes to the lost card's account.

    Raises `NotAllowed`, `Stale`, and `Refused` without a reason.
    """
    require(by, Permission.MANAGE_CARDS)
    move(card, "report_lost", by=by, reason=reason)
    _close_account(card, by=by, reason=reason)
    note([card.pk], CardEventKind.LOST)
    request_for([card.membership], by=by)
    return card


@transaction.atomic
def close(*, by: User, card: MemberCard, reason: str) -> MemberCard:
    """Close a card for good, with a reason; raise `NotAllowed`, `Stale`, `Refused`."""
    require(by, Permission.MANAGE_CARDS)
    move(card, "close", by=by, reason=reason, closed_at=timezone.now())
    _close_account(card, by=by, reason=reason)
    note([card.pk], CardEventKind.CLOSED)
    return card


def _close_account(card: MemberCard, *, by: User, reason: str) -> None:
    account = card.payee_account
    if account is not None and account.state != AccountState.CLOSED:
        move(account, "close", by=by, reason=reason)
