"""Give, queue, void and serve the rights to a programme's money."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from benefits import ledger
from benefits.actions.rights import require
from benefits.ledger import Amount
from benefits.models import Budget, Entitlement, PayoutLine, Pot, Programme, TransferKind
from benefits.queries.entitled import annulled_rights, newly_entitled
from benefits.states.payouts import EntitlementState, LineState, ProgrammeState, Reason
from unionportal.core import audit
from unionportal.core.actors import SYSTEM
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

CHUNK = 2_000
ANNULLED = "membership_annulled"


@transaction.atomic
def evaluate(
    programme: Programme,
    *,
    by: User | ServiceActor = SYSTEM,
    person_ids: Collection[UUID] | None = None,
) -> int:
    """Give everyone who qualifies (among `person_ids`) the right, and serve them in turn.

    Safe to repeat and to run at once with itself; returns how many rights are new.
    """
    if programme.state != ProgrammeState.OPEN:
        return 0
    cycle = programme.cycles.get()
    rights = [
        Entitlement(
            id=new_id(), programme=programme, cycle=cycle, membership_id=membership_id,
            person_id=person_id, amount_fen=programme.amount_fen,
            rule_version=programme.rule_version, qualified_on=since,
        )
        for membership_id, person_id, since in newly_entitled(programme, person_ids)
    ]  # fmt: skip
    Entitlement.objects.bulk_create(rights, ignore_conflicts=True, batch_size=CHUNK)
    made = list(
        Entitlement.objects.filter(pk__in=[right.pk for right in rights]).values_list(
            "pk", flat=True
        )
    )
    audit.record_many(
        by=by, verb="entitlement.give", model=Entitlement,
        moves=[(pk, "", EntitlementState.WAITLISTED) for pk in made],
    )  # fmt: skip
    promote_waiting(programme, by=by)
    return len(made)


def evaluate_people(person_ids: Collection[UUID], *, by: User | ServiceActor = SYSTEM) -> int:
    """Look at these people again for every open programme; return how many rights are new."""
    void_annulled(person_ids, by=by)
    programmes = Programme.objects.filter(state=ProgrammeState.OPEN).order_by("code")
    return sum(evaluate(programme, by=by, person_ids=person_ids) for programme in programmes)


def sweep() -> int:
    """Look at everybody for every open programme, so that a lost signal loses nothing."""
    void_annulled()
    programmes = Programme.objects.filter(state=ProgrammeState.OPEN).order_by("code")
    return sum(evaluate(programme) for programme in programmes)


@transaction.atomic
def promote_waiting(programme: Programme, *, by: User | ServiceActor = SYSTEM) -> int:
    """Reserve budget for the waiting, in turn, as far as it reaches; return for how many."""
    waiting = Entitlement.objects.filter(programme=programme, state=EntitlementState.WAITLISTED)
    if not waiting.exists():
        return 0
    # One at a time for each budget, so that those who waited longer are served first.
    budget = Budget.objects.select_for_update().get(pk=programme.budget_id)
    room = budget.free_fen // programme.amount_fen
    in_turn = waiting.in_turn().select_for_update(of=("self",))
    turns = list(in_turn.values_list("pk", "amount_fen")[:room])
    fitting = ledger.take(programme.budget_id, programme.amount_fen, len(turns))
    served = turns[:fitting]
    move_all(Entitlement.objects.filter(pk__in=[pk for pk, _fen in served]), "promote", by=by)
    ledger.post(
        programme.budget_id, TransferKind.RESERVE, Pot.FREE, Pot.RESERVED,
        [Amount(fen, pk) for pk, fen in served],
    )  # fmt: skip
    return len(served)


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
