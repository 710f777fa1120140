"""Reads of member cards and bank files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from benefits import profiles
from benefits.models import BankFile, MemberCard
from benefits.models.cards import MemberCardQuerySet
from benefits.states.cards import OPEN_CARD, FileState
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from members.models import Person
    from unionportal.core.scope import AnyUser


def card_of(person: Person) -> MemberCard | None:
    """Return the person's card that stands, else the newest one; None when never asked for."""
    cards = MemberCard.objects.filter(person=person).order_by("-requested_at", "-pk")
    return cards.filter(state__in=OPEN_CARD).first() or cards.first()


def card_list(user: AnyUser) -> MemberCardQuerySet:
    """Cards `user` may see, with what a list shows; numbers stay encrypted."""
    rows = MemberCard.objects.visible_to(user).select_related("person", "membership__unit")
    return rows.defer("card_no", "person__id_number", "person__phone")


def counts_by_state(user: AnyUser) -> dict[str, int]:
    """Return the number of visible cards in each state; one query."""
    rows = MemberCard.objects.visible_to(user).order_by().values_list("state")
    return dict(rows.annotate(n=Count("pk")))


def requestable_count(user: AnyUser) -> int:
    """Return how many cards wait for the next request file, of those `user` may see."""
    return MemberCard.objects.visible_to(user).requestable().count()


@dataclass(frozen=True, slots=True)
class RequestQueue:
    """What waits for the next request file: how many fit in, and the cards whose name does not."""

    fitting: int
    unwritable: list[MemberCard]


def request_queue(user: AnyUser) -> RequestQueue:
    """Return what waits, of the cards `user` may see; two queries, numbers stay encrypted."""
    can_carry = profiles.current().can_carry
    waiting = MemberCard.objects.visible_to(user).requestable().order_by()
    names = list(waiting.values_list("pk", "person__name"))
    apart = [pk for pk, name in names if not can_carry(name)]
    unwritable = card_list(user).filter(pk__in=apart).order_by("requested_at", "pk")
    return RequestQueue(len(names) - len(apart), list(unwritable))


def work_waiting(user: AnyUser) -> int | None:
    """Return how many card requests and set-apart files wait for somebody with the right."""
    if not has_permission(user, Permission.MANAGE_CARDS):
        return None
    apart = BankFile.objects.visible_to(user).of_cards().filter(state=FileState.QUARANTINED)
    return (1 if requestable_count(user) else 0) + apart.count()
