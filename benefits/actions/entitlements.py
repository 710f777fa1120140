"""Give, queue, void and serve the rights to a programme's money."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils.translation import gettext as _

from benefits import channels, ledger
from benefits.actions import points
from benefits.actions.rights import require
from benefits.ledger import Amount
from benefits.models import Budget, Entitlement, PayoutLine, Pot, Programme, TransferKind
from benefits.queries import serving
from benefits.queries.entitled import annulled_rights, give_rights
from benefits.states.payouts import (
    Beneficiary,
    Benefit,
    EntitlementState,
    LineState,
    ProgrammeState,
    Reason,
)
from unionportal.core import audit
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission
from unionportal.core.statistics import count_anew
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

ANNULLED = "membership_annulled"


@transaction.atomic
def evaluate(
    programme: Programme,
    *,
    by: User | ServiceActor = SYSTEM,
    person_ids: Collection[UUID] | None = None,
) -> int:
    """Give everyone who qualifies (among `person_ids`) the right, and serve them in turn.

    Looks at every cycle that is not closed. Safe to repeat and to run at once with itself; returns
    how many rights are new.
    """
    if programme.state != ProgrammeState.OPEN:
        return 0
    made = sum(
        give_rights(programme, cycle, by=by, person_ids=person_ids)
        for cycle in programme.cycles.running()
    )
    count_anew(Entitlement, made)
    promote_waiting(programme, by=by)
    channels.prepare(programme, person_ids)
    return made


def evaluate_people(person_ids: Collection[UUID], *, by: User | ServiceActor = SYSTEM) -> int:
    """Look at these people again for every open programme; return how many rights are new."""
    void_annulled(person_ids, by=by)
    programmes = _open_programmes().filter(beneficiary=Beneficiary.PERSON)
    return sum(evaluate(programme, by=by, person_ids=person_ids) for programme in programmes)


def sweep() -> int:
    """Look at everybody for every open programme, so that a lost signal loses nothing."""
    void_annulled()
    return sum(evaluate(programme) for programme in _open_programmes())


def _open_programmes() -> QuerySet[Programme]:
    rows = Programme.objects.filter(state=ProgrammeState.OPEN).select_related("version")
    return rows.order_by("code")


@transaction.atomic
def promote_waiting(programme: Programme, *, by: User | ServiceActor = SYSTEM) -> int:
    """Reserve budget for the waiting, in turn, as far as it reaches; return for how many.

    Who cannot be served keeps everybody after them waiting too. A constant number of statements.
    """
    waiting = Entitlement.objects.filter(programme=programme, state=EntitlementState.WAITLISTED)
    least = waiting.aggregate(least=Min("amount_fen"))["least"]
    if least is None:
        return 0
    # One at a time for each budget, so that those who waited longer are served first.
    budget = Budget.objects.select_for_update().get(pk=programme.budget_id)
    if budget.free_fen < least:
        return 0
    count, fen = serving.choose(programme, by=by, free_fen=budget.free_fen, least_fen=least)
    if count and not ledger.take(budget.pk, fen, 1):
        raise Refused(_("The budget does not reach."), code="budget_used", field="budget")
    ledger.post_set(
        budget.pk, TransferKind.RESERVE, Pot.FREE, Pot.RESERVED, serving.CHOSEN, {}
    )  # fmt: skip
    if programme.benefit == Benefit.POINTS:
        points.credit(programme, by=by)
    return count


@transaction.atomic
def void(*, by: User | ServiceActor, entitlement: Entitlement, reason: str) -> Entitlement:
    """End a right that was not paid, with a reason; what it held goes to the next in turn.

    Raises `Stale` when the bank has it already, `Refused` without a reason.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    return void_right(entitlement, by=by, reason=reason)


@transaction.atomic
def void_right(entitlement: Entitlement, *, by: User | ServiceActor, reason: str) -> Entitlement:
    """End a right that was not paid, for whoever may decide it elsewhere (a merge of records)."""
    held = Entitlement.objects.select_for_update(of=("self",)).get(pk=entitlement.pk)
    move(entitlement, "void", by=by, reason=reason)
    programme = entitlement.programme
    if held.state == EntitlementState.RESERVED:
        ledger.shift(
            programme.budget_id, TransferKind.FREE, Pot.RESERVED, Pot.FREE,
            [Amount(held.amount_fen, held.pk)],
        )  # fmt: skip
    _drop_lines([held.pk], by=by)
    promote_waiting(programme, by=by)
    return entitlement


def _drop_lines(entitlement_ids: Sequence[UUID], *, by: User | ServiceActor) -> None:
    """Take the person off a list that has not gone out; its digest still covers the line."""
    lines = PayoutLine.objects.filter(
        entitlement_id__in=entitlement_ids, state__in=[LineState.PLANNED, LineState.APPROVED]
    )
    lines.update(reason=Reason.NOT_PAYABLE)
    move_all(lines, "drop", by=by, reason="entitlement void")


@transaction.atomic
def void_annulled(
    person_ids: Collection[UUID] | None = None, *, by: User | ServiceActor = SYSTEM
) -> int:
    """Void unpaid rights of annulled memberships; mark those with the bank or paid for a person.

    Nothing that was sent or paid is touched (domain.md 6.2, "Accidents").
    """
    count = 0
    for right in annulled_rights(person_ids).select_related("programme"):
        count += 1
        if right.state in {EntitlementState.WAITLISTED, EntitlementState.RESERVED}:
            void(by=SYSTEM, entitlement=right, reason="membership annulled")
        else:
            Entitlement.objects.filter(pk=right.pk).update(review=ANNULLED)
            audit.record(by=by, verb="entitlement.flag", target=right, reason=ANNULLED)
    return count
