"""Points: credited by programmes, exchanged for goods, put right by a row that reverses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import ledger
from benefits.models import (
    Entitlement,
    HandOut,
    PointsMove,
    PointsMovement,
    Pot,
    Programme,
    Stock,
    StockMove,
    StockMovement,
    TransferKind,
)
from benefits.queries import serving
from members.actions.rights import require_units
from members.models import Membership, Person
from members.states import MembershipState
from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

CHANNEL = "points"
EARN = """
INSERT INTO benefits_pointsmovement (person_id, delta, kind, entitlement_id, moved_by_id)
SELECT e.person_id, v.points, 'earned', e.id, %s FROM benefits_serving s
JOIN benefits_entitlement e ON e.id = s.id JOIN benefits_programmeversion v ON v.id = e.version_id
ORDER BY e.id"""
GIVEN = """
WITH moved AS (
    UPDATE benefits_entitlement e SET state = 'paid' FROM benefits_serving s
    WHERE e.id = s.id RETURNING e.id)
"""
PAID = serving.CHOSEN.replace("'' AS channel", f"'{CHANNEL}' AS channel")


@transaction.atomic
def credit(programme: Programme, *, by: User | ServiceActor) -> int:
    """Credit the points of every reserved right and count the right as given; return how many.

    A handful of statements, however many rights.
    """
    serving.keep_reserved(programme)
    log, values = audit.set_sql(
        by=by, verb="entitlement.hand_out", model=Entitlement,
        rows="SELECT id, 'reserved' AS from_state, 'paid' AS to_state FROM moved",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(EARN, [by.pk])
        cursor.execute(GIVEN + log, values)
        count = int(cursor.rowcount)
    ledger.shift_set(
        programme.budget_id, TransferKind.PAY, Pot.RESERVED, Pot.PAID, PAID, {}
    )  # fmt: skip
    return count


@transaction.atomic
def redeem(
    *, by: User | ServiceActor, membership: Membership, stock: Stock, quantity: int
) -> HandOut:
    """Exchange a member's points for goods out of a store.

    Raises `Refused` when the item has no price, or points or goods do not reach.
    """
    require_units(by, Permission.HAND_OUT, [stock.store_id])
    price = stock.item.points
    if price is None:
        raise Refused(_("This is not in the points shop."), code="no_price", field="stock")
    if quantity <= 0:
        raise Refused(_("Take at least one."), code="quantity", field="quantity")
    if membership.state != MembershipState.ACTIVE:
        raise Refused(_("The membership is not active"), code="not_active")
    person = Person.objects.get(pk=membership.person_id)
    given = HandOut.objects.create(
        stock=stock, quantity=quantity, person=person, points=price * quantity, given_by_id=by.pk
    )
    _take_points(person, given, by)
    take_stock(given, by)
    audit.record(by=by, verb="points.redeem", target=given,
                 data={"stock": str(stock.pk), "points": given.points})  # fmt: skip
    return given


def _take_points(person: Person, given: HandOut, by: User | ServiceActor) -> None:
    try:
        with transaction.atomic():
            PointsMovement.objects.create(
                person=person, delta=-given.points, kind=PointsMove.REDEEMED, hand_out=given,
                moved_by_id=by.pk,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("There are not that many points."), code="points", field="quantity"
        ) from error


def take_stock(given: HandOut, by: User | ServiceActor) -> None:
    """Take what was handed out from the store; raise `Refused` when it does not reach."""
    try:
        with transaction.atomic():
            StockMovement.objects.create(
                stock=given.stock, delta=-given.quantity, kind=StockMove.HANDED_OUT,
                hand_out=given, moved_by_id=by.pk,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("There are not that many left."), code="out_of_stock", field="stock"
        ) from error


def put_back(given: HandOut, by: User | ServiceActor, reason: str) -> None:
    """Mark a hand-out undone, put its goods back and its points, by rows that reverse.

    Raises `Stale` when it was undone already.
    """
    undone = HandOut.objects.filter(pk=given.pk, undone_at=None).update(
        undone_at=timezone.now(), undone_by=by.pk, undone_reason=reason[:200]
    )
    if not undone:
        raise Stale(_("This was undone already."), code="stale")
    StockMovement.objects.create(
        stock_id=given.stock_id, delta=given.quantity, kind=StockMove.TAKEN_BACK, hand_out=given,
        moved_by_id=by.pk,
    )  # fmt: skip
    for spent in given.points_movements.filter(kind=PointsMove.REDEEMED):
        PointsMovement.objects.create(
            person=spent.person, delta=-spent.delta, kind=PointsMove.REVERSED,
            hand_out=given, reverses=spent, moved_by_id=by.pk,
        )  # fmt: skip
