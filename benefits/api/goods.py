"""Stores' goods and members' points in the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import F
from rest_framework import serializers

from benefits.models import GoodsItem, PointsBalance, Stock
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission

HAND_OUT = {"list": Permission.HAND_OUT, "retrieve": Permission.HAND_OUT}


class StockSerializer(serializers.ModelSerializer[Stock]):
    """How many of an item a union's store has; `points` is its price, null outside the shop."""

    code = serializers.SlugField(source="item.code", read_only=True)
    name_zh = serializers.CharField(source="item.name_zh", read_only=True)
    name_en = serializers.CharField(source="item.name_en", read_only=True)
    value_fen = serializers.IntegerField(source="item.value_fen", read_only=True)
    points = serializers.IntegerField(source="item.points", read_only=True)

    class Meta:
        model = Stock
        fields = ("id", "item", "code", "name_zh", "name_en", "value_fen", "points", "store",
                  "place", "on_hand")  # fmt: skip
        read_only_fields = fields


class StockFilter(django_filters.FilterSet):  # type: ignore[misc]
    """item, store."""

    item = django_filters.ModelChoiceFilter(queryset=GoodsItem.objects.all())
    store = django_filters.UUIDFilter(field_name="store_id")

    class Meta:
        model = Stock
        fields = ("item", "store")


class StockViewSet(PortalViewSet):
    """Goods in the stores the caller hands out from."""

    queryset = Stock.objects.select_related("item")
    serializer_class = StockSerializer
    filterset_class = StockFilter
    orderings: ClassVar[tuple[str, ...]] = ("-id", "id")
    rights: ClassVar[dict[str, Any]] = HAND_OUT


class PointsSerializer(serializers.ModelSerializer[PointsBalance]):
    """A person's points."""

    class Meta:
        model = PointsBalance
        fields = ("person", "balance")
        read_only_fields = fields


class PointsFilter(django_filters.FilterSet):  # type: ignore[misc]
    """person."""

    person = django_filters.UUIDFilter(field_name="person_id")

    class Meta:
        model = PointsBalance
        fields = ("person",)


class PointsViewSet(PortalViewSet):
    """Points of the members the caller hands out to."""

    # Pages are cut by id; a balance has its person's.
    queryset = PointsBalance.objects.annotate(id=F("person_id"))
    serializer_class = PointsSerializer
    filterset_class = PointsFilter
    orderings: ClassVar[tuple[str, ...]] = ("-person_id", "person_id")
    rights: ClassVar[dict[str, Any]] = HAND_OUT
