"""Follow a register that was loaded or taken back: cards and rights of its members, in portions."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from benefits.actions import cards, entitlements
from benefits.models import MemberCard
from benefits.states.cards import CardEventKind
from members.models import ImportBatch, Membership
from members.states import OPEN_MEMBERSHIP, Verdict
from unionportal.core.models import User
from unionportal.core.transitions import move_all

CHUNK = 1_000


def follow(*, by: User, batch: ImportBatch, report: Callable[..., None]) -> None:
    """Ask for cards of loaded members, drop requests of annulled ones, look at rights again.

    Every step is safe to do twice, so a job that was killed starts over.
    """
    rows = batch.rows.filter(verdict=Verdict.NEW, membership_id__isnull=False).order_by("number")
    last = done = 0
    while found := list(
        rows.filter(number__gt=last).values_list("number", "membership_id")[:CHUNK]
    ):
        _follow(by, [pk for _number, pk in found if pk])
        last, done = found[-1][0], done + len(found)
        report(done=done)


@transaction.atomic
def _follow(by: User, ids: list[UUID]) -> None:
    memberships = list(Membership.objects.filter(pk__in=ids).order_by("pk"))
    standing = [one for one in memberships if one.state in OPEN_MEMBERSHIP]
    ended = [one.pk for one in memberships if one.state not in OPEN_MEMBERSHIP]
    cards.take_over(standing, by=by)
    cards.request_for(standing, by=by)
    waiting = MemberCard.objects.filter(membership_id__in=ended).requestable()
    closed = move_all(waiting, "close", by=by, reason="import undone", closed_at=timezone.now())
    cards.note(closed, CardEventKind.CLOSED)
    entitlements.evaluate_people({one.person_id for one in memberships}, by=by)
