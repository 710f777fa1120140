"""Goods: what a store takes in, what is handed out against a signature, what is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import ledger
from benefits.actions import points
from benefits.actions.rights import require
from benefits.ledger import Amount
from benefits.models import (
    Entitlement,
    GoodsItem,
    HandOut,
    Pot,
    Stock,
    StockMove,
    StockMovement,
    TransferKind,
)
from members.actions.rights import require_units
from members.models import UnionUnit
from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Attachment
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

CHANNEL = "goods"


@transaction.atomic
def add_item(
    *,
    by: User | ServiceActor,
    code: str,
    name_zh: str,
    name_en: str,
    value_fen: int,
    price: int | None = None,
) -> GoodsItem:
    """Name something that can be handed out; `price` in points puts it into the points shop.

    Raises `Refused` for a used code or a value or price that is none.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    if value_fen <= 0:
        raise Refused(_("The amount must be above zero."), code="amount", field="value")
    if price is not None and price <= 0:
        raise Refused(_("The price must be above zero."), code="price", field="points")
    try:
        with transaction.atomic():
            item = GoodsItem.objects.create(
                code=code, name_zh=name_zh, name_en=name_en, value_fen=value_fen, points=price
            )
    except IntegrityError as error:
        raise Refused(
            _("There are goods with this code already."), code="code_used", field="code"
        ) from error
    audit.record(by=by, verb="goods.add", target=item, data={"fen": value_fen})
    return item


@transaction.atomic
def receive(
    *,
    by: User | ServiceActor,
    item: GoodsItem,
    store: UnionUnit,
    quantity: int,
    place: str = "",
    is_count: bool = False,
) -> Stock:
    """Take goods into a union's store, or correct its number after a count (minus = missing).

    Raises `Refused` for a number that is none or leaves less than nothing.
    """
    require_units(by, Permission.HAND_OUT, [store.pk])
    if quantity == 0 or (quantity < 0 and not is_count):
        raise Refused(_("Take at least one."), code="quantity", field="quantity")
    stock, _made = Stock.objects.get_or_create(item=item, store=store)
    if place:
        Stock.objects.filter(pk=stock.pk).update(place=place)
    kind = StockMove.COUNTED if is_count else StockMove.RECEIVED
    try:
        with transaction.atomic():
            StockMovement.objects.create(stock=stock, delta=quantity, kind=kind, moved_by_id=by.pk)
    except IntegrityError as error:
        raise Refused(
            _("There are not that many left."), code="out_of_stock", field="quantity"
        ) from error
    audit.record(by=by, verb=f"stock.{kind}", target=stock, data={"delta": quantity})
    stock.refresh_from_db()
    return stock


@transaction.atomic
def hand_out(
    *,
    by: User | ServiceActor,
    entitlement: Entitlement,
    stock: Stock,
    signature: Attachment | None,
) -> HandOut:
    """Hand the goods of a right out of a store, signed for; the right is then given.

    Raises `Stale` when it is not waiting to be given, `Refused` without a signature, for another
    item than the right's, or when the store has not enough.
    """
    require_units(by, Permission.HAND_OUT, [stock.store_id])
    right = Entitlement.objects.select_for_update(of=("self",)).get(pk=entitlement.pk)
    item, quantity = right.version.item, right.version.quantity
    if item is None or not quantity or item.pk != stock.item_id:
        raise Refused(_("The right is for other goods."), code="other_goods", field="stock")
    if signature is None:
        raise Refused(_("Let the receiver sign."), code="signature", field="signature")
    if right.review:
        raise Refused(_("A person must look at it first"), code="review")
    last = right.version.fetch_until
    if last is not None and timezone.localdate() > last:
        raise Refused(_("The last day to fetch it is over."), code="too_late")
    if right.state != "reserved":
        raise Stale(_("This was handed out already, or its turn has not come."), code="stale")
    given = HandOut.objects.create(
        stock=stock, quantity=quantity, entitlement=right, signature=signature, given_by_id=by.pk
    )
    points.take_stock(given, by)
    move(right, "hand_out", by=by)
    ledger.shift(
        right.programme.budget_id, TransferKind.PAY, Pot.RESERVED, Pot.PAID,
        [Amount(right.amount_fen, right.pk)], channel=CHANNEL,
    )  # fmt: skip
    return given


@transaction.atomic
def undo(*, by: User | ServiceActor, given: HandOut, reason: str) -> HandOut:
    """Take a hand-out back: goods to the store, points to the person, the right waits again.

    Raises `Refused` without a reason, `Stale` when it was undone already.
    """
    require_units(by, Permission.HAND_OUT, [given.stock.store_id])
    if not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")
    points.put_back(given, by, reason)
    right = given.entitlement
    if right is not None:
        move(right, "take_back", by=by, reason=reason)
        ledger.shift(
            right.programme.budget_id, TransferKind.RETURN, Pot.PAID, Pot.RESERVED,
            [Amount(right.amount_fen, right.pk)], channel=CHANNEL,
        )  # fmt: skip
    audit.record(by=by, verb="hand_out.undo", target=given, reason=reason)
    given.refresh_from_db()
    return given
