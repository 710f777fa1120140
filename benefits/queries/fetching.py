"""What is given where it is not money, and where goods can be fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import ngettext

from benefits.models import Entitlement, Stock
from benefits.states.payouts import Benefit, EntitlementState


def gift_of(right: Entitlement) -> str:
    """Return goods or points in words, "" for money."""
    version = right.version
    if version.item is not None:
        return f"{version.item.name} × {version.quantity}"
    if version.points:
        return ngettext("%(n)d point", "%(n)d points", version.points) % {"n": version.points}
    return ""


def fetch_places(rights: Sequence[Entitlement]) -> dict[UUID, str]:
    """Return for each right of goods that waits the nearest store that has them; one query.

    Near means above the member in the union's tree, the lowest first.
    """
    waiting = [
        right
        for right in rights
        if right.programme.benefit == Benefit.GOODS and right.state == EntitlementState.RESERVED
    ]
    if not waiting:
        return {}
    items = {right.version.item_id for right in waiting}
    stocks = list(Stock.objects.filter(item__in=items, on_hand__gt=0).select_related("store"))
    return {right.pk: _nearest(right, stocks) for right in waiting}


def _nearest(right: Entitlement, stocks: Iterable[Stock]) -> str:
    path = right.membership.unit.path if right.membership else ""
    above = [
        stock
        for stock in stocks
        if stock.item_id == right.version.item_id and path.startswith(stock.store.path)
    ]
    if not above:
        return ""
    nearest = max(above, key=lambda stock: len(stock.store.path))
    return " ".join(part for part in (nearest.store.name, nearest.place) if part)
