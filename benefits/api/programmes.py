"""Programmes in the REST API."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from rest_framework import serializers

from benefits.models import Programme
from benefits.states.payouts import ProgrammeState
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class ProgrammeSerializer(serializers.ModelSerializer[Programme]):
    """A programme and its budget; amounts in fen."""

    budget_fen = serializers.IntegerField(source="budget.total_fen", read_only=True)
    reserved_fen = serializers.IntegerField(source="budget.reserved_fen", read_only=True)
    paid_fen = serializers.IntegerField(source="budget.paid_fen", read_only=True)

    class Meta:
        model = Programme
        fields = ("id", "code", "name_zh", "name_en", "state", "amount_fen", "groups",
                  "window_from", "window_to", "notice_days", "budget_fen", "reserved_fen",
                  "paid_fen", "opened_at")  # fmt: skip
        read_only_fields = fields


class ProgrammeFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=ProgrammeState)

    class Meta:
        model = Programme
        fields = ("state",)


class ProgrammeViewSet(PortalViewSet):
    """Programmes the caller sees, newest first."""

    queryset = Programme.objects.select_related("budget").prefetch_related("groups")
    serializer_class = ProgrammeSerializer
    filterset_class = ProgrammeFilter
    orderings: ClassVar[tuple[str, ...]] = ("-created_at", "code")
    rights: ClassVar[dict[str, Permission]] = {
        "list": Permission.VIEW_MONEY,
        "retrieve": Permission.VIEW_MONEY,
    }
