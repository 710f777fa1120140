"""Tables of stores' goods and of what was handed out."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from benefits.models import HandOut, Stock
from unionportal.core.tables import MISSING, MomentColumn, MoneyColumn, NumberColumn, PortalTable


class StockTable(PortalTable):
    item = tables.Column(verbose_name=_("Goods"), accessor="item__name", attrs=PortalTable.FIRST)
    store = tables.Column(verbose_name=_("Store of"), accessor="store__name")
    place = tables.Column(verbose_name=_("Where to fetch it"))
    on_hand = NumberColumn(verbose_name=_("On hand"))
    value = MoneyColumn(verbose_name=_("Value of one (yuan)"), accessor="item__value_fen")
    price = NumberColumn(verbose_name=_("Points"), accessor="item__points")

    class Meta(PortalTable.Meta):
        model = Stock
        fields = ("item", "store", "place", "on_hand", "value", "price")
        row_attrs = {"data-object-id": lambda record: str(record.pk), "data-object-kind": "stock"}


class HandOutTable(PortalTable):
    who = tables.Column(
        verbose_name=_("Receiver"), accessor="pk", attrs=PortalTable.FIRST,
        linkify=("benefits:hand-out-detail", {"pk": tables.A("pk")}),
    )  # fmt: skip
    item = tables.Column(verbose_name=_("Goods"), accessor="stock__item__name")
    quantity = NumberColumn(verbose_name=_("How many"))
    store = tables.Column(verbose_name=_("Store of"), accessor="stock__store__name")
    points = NumberColumn(verbose_name=_("Points"))
    given_at = MomentColumn(verbose_name=_("Handed out"))
    given_by = tables.Column(verbose_name=_("By"), accessor="given_by__display_name")
    undone = tables.Column(verbose_name=_("State"), accessor="undone_at", empty_values=())

    class Meta(PortalTable.Meta):
        model = HandOut
        fields = ("who", "item", "quantity", "store", "points", "given_at", "given_by", "undone")
        row_attrs = {"data-object-id": lambda record: str(record.pk),
                     "data-object-kind": "handout"}  # fmt: skip

    def render_who(self, record: HandOut) -> str:
        right = record.entitlement
        owner = (right.person or right.employer) if right else record.person
        return owner.name if owner else MISSING

    def render_undone(self, record: HandOut) -> str:
        return _now("Taken back") if record.undone_at else _now("Handed out")
