"""Programmes in the REST API."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from rest_framework import serializers

from benefits.models import Cycle, Programme
from benefits.states.payouts import ProgrammeState
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class CycleSerializer(serializers.ModelSerializer[Cycle]):
    """A period of a programme; both days are included."""

    class Meta:
        model = Cycle
        fields = ("id", "code", "window_from", "window_to", "closed_at")
        read_only_fields = fields


class ProgrammeSerializer(serializers.ModelSerializer[Programme]):
    """A programme and its budget; amounts in fen."""

    amount_fen = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(source="terms.number", read_only=True)
    groups = serializers.ListField(source="terms.groups", read_only=True)
    cycles = CycleSerializer(many=True, read_only=True)
    budget_fen = serializers.IntegerField(source="budget.total_fen", read_only=True)
    reserved_fen = serializers.IntegerField(source="budget.reserved_fen", read_only=True)
    paid_fen = serializers.IntegerField(source="budget.paid_fen", read_only=True)

    class Meta:
        model = Programme
        fields = ("id", "code", "name_zh", "name_en", "state", "beneficiary", "version",
                  "amount_fen", "groups", "cycles", "notice_days", "budget_fen", "reserved_fen",
                  "paid_fen", "opened_at")  # fmt: skip
        read_only_fields = fields


class ProgrammeFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=ProgrammeState)

    class Meta:
        model = Programme
        fields = ("state",)


class ProgrammeViewSet(PortalViewSet):
    """Programmes the caller sees, newest first."""

    queryset = Programme.objects.with_terms()
    serializer_class = ProgrammeSerializer
    filterset_class = ProgrammeFilter
    orderings: ClassVar[tuple[str, ...]] = ("-created_at", "code")
    rights: ClassVar[dict[str, Permission]] = {
        "list": Permission.VIEW_MONEY,
        "retrieve": Permission.VIEW_MONEY,
    }
