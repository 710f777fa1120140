"""Lists of transfers, and how much of a case its reader may know."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Min, Q
from django.utils import timezone

from members.models import EmployerCoverage, Transfer, UnionUnit
from members.models.transfers import GIVEN_AWAY, TransferQuerySet
from members.transfers.states import OPEN_TRANSFER, TransferKind, TransferState
from unionportal.core.roles import Permission
from unionportal.core.scope import scope_of

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

P = Permission


def transfer_list(user: AnyUser, view: str = "") -> TransferQuerySet:
    """Return transfers `user` may see: `answer` (waits for the user), `asked` (own and open),
    `closed`, or all; with both units and the person's masked data."""
    rows = shown(Transfer.objects.visible_to(user))
    if view == "answer":
        return rows.filter(to_answer(user))
    if view == "asked":
        return rows.filter(asked_by_mine(user), state__in=OPEN_TRANSFER)
    if view == "closed":
        return rows.exclude(state__in=OPEN_TRANSFER)
    return rows


def shown(rows: TransferQuerySet) -> TransferQuerySet:
    """Load what a list or a page shows, without the encrypted columns."""
    return rows.select_related(
        "membership__person", "from_unit", "to_unit", "escalated_to", "employer"
    ).defer("membership__person__id_number", "membership__person__phone")


def _units(user: AnyUser, permission: Permission) -> Q | None:
    """Return the units in reach as a condition on "unit ids"; None for the whole district."""
    scope = scope_of(user, permission)
    return None if scope.everything else scope.in_units("") | scope.in_areas("area")


def _inside(user: AnyUser, permission: Permission, column: str) -> Q:
    condition = _units(user, permission)
    if condition is None:
        return Q(**{f"{column}__isnull": False})
    ids = UnionUnit.objects.filter(condition).order_by().values("id")
    return Q(**{f"{column}__in": ids})


def to_answer(user: AnyUser) -> Q:
    """Match what `user` decides: for the side that is asked, or for the unit above both."""
    by_old = Q(state=TransferState.CONSENTED, kind__in=[TransferKind.PULL, TransferKind.OUTWARD])
    by_new = Q(state=TransferState.CONSENTED, kind__in=[TransferKind.PUSH, TransferKind.WISH])
    approve = P.APPROVE_APPLICATION
    return (
        by_old & _inside(user, approve, "from_unit_id")
        | by_new & _inside(user, approve, "to_unit_id")
        | Q(state=TransferState.ESCALATED) & _inside(user, approve, "escalated_to_id")
    )


def asked_by_mine(user: AnyUser) -> Q:
    """Match cases the units of `user` asked for."""
    given = Q(kind__in=GIVEN_AWAY)
    return given & _inside(user, P.ENROL, "from_unit_id") | ~given & _inside(
        user, P.ENROL, "to_unit_id"
    )


def answer_count(user: AnyUser) -> int:
    """Return how many transfers wait for `user` to answer."""
    return Transfer.objects.visible_to(user, P.APPROVE_APPLICATION).filter(to_answer(user)).count()


def oldest_to_answer(user: AnyUser) -> datetime | None:
    """Return since when the oldest of them waits."""
    rows = Transfer.objects.visible_to(user, P.APPROVE_APPLICATION).filter(to_answer(user))
    oldest: datetime | None = rows.aggregate(at=Min("consented_at"))["at"]
    return oldest


def known_origins(user: AnyUser, transfers: list[Transfer]) -> set[UUID]:
    """Return the ids of those `transfers` whose old union `user` may know; one query.

    Whoever asks for a member is not told where the member is (security.md 4 row 19); once moved,
    the history of the membership says it.
    """
    wanted = {row.from_unit_id for row in transfers if row.from_unit_id}
    seen = UnionUnit.objects.visible_to(user, P.VIEW_MEMBERS).filter(pk__in=wanted)
    ids = set(seen.order_by().values_list("pk", flat=True))
    return {
        row.pk
        for row in transfers
        if row.from_unit_id in ids or row.state == TransferState.DONE or row.from_unit_id is None
    }


def verbs_for(user: AnyUser, transfer: Transfer) -> set[str]:
    """Return what `user` may do with `transfer` now; two queries."""
    possible = set(transfer.machine.verbs_from(transfer.state))
    sides = {pk for pk in (transfer.from_unit_id, transfer.to_unit_id) if pk}
    enrols = _reached(user, P.ENROL, sides | {transfer.asking_unit_id})
    approves = _reached(user, P.APPROVE_APPLICATION, {transfer.answering_unit_id})
    allowed = {"consent"} if enrols & sides else set()
    if transfer.asking_unit_id in enrols:
        allowed.add("withdraw")
        if transfer.due_on < timezone.localdate() and transfer.to_unit_id:
            allowed.add("escalate")
    if approves:
        allowed |= {"accept", "refuse"}
    if transfer.state == TransferState.REQUESTED:
        # The other side is not asked yet; an early no would only hide the member's answer.
        allowed.discard("refuse")
    return possible & allowed


def _reached(user: AnyUser, permission: Permission, ids: set[UUID]) -> set[UUID]:
    rows = UnionUnit.objects.visible_to(user, permission).filter(pk__in=ids)
    return set(rows.order_by().values_list("pk", flat=True))


def find_unit(text: str) -> tuple[UnionUnit | None, list[str]]:
    """Return the unit with this full name or credit code anywhere in the district, else near names.

    Union units are public; whoever sends a member on must be able to name any of them.
    """
    text = text.strip()
    rows = UnionUnit.objects.taking_members().filter(is_external=False)
    found = rows.filter(credit_code=text.upper()).first()
    exact = [found] if found else list(rows.filter(name=text)[:2])
    if len(exact) == 1:
        return exact[0], []
    near = rows.filter(name__contains=text) if len(text) > 1 else rows.none()
    return None, list(near.values_list("name", flat=True)[:5])


NEAR = 10


def units_near(text: str) -> list[UnionUnit]:
    """Return at most ten unions that take members, by their own name or that of a covered firm."""
    if len(text) < 2:
        return []
    firms = EmployerCoverage.objects.filter(employer__name__contains=text, ended_on=None)
    rows = UnionUnit.objects.taking_members().filter(
        Q(name__contains=text) | Q(pk__in=firms.values("unit_id")), is_external=False
    )
    return list(rows.order_by("name")[:NEAR])


def unit_for_wish(text: str) -> UnionUnit | None:
    """Return the union with this id when it takes members; None for anything else."""
    try:
        pk = UUID(text)
    except ValueError:
        return None
    found: UnionUnit | None = (
        UnionUnit.objects.taking_members().filter(pk=pk, is_external=False).first()
    )
    return found
