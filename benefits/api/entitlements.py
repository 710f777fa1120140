"""Rights in the REST API: whose by id, by which terms, where they are; no names."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from rest_framework import serializers

from benefits.models import Entitlement, Programme
from benefits.states.payouts import EntitlementState
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class EntitlementSerializer(serializers.ModelSerializer[Entitlement]):
    """A right. `results` has the day each condition was met; exactly one of `member` (the
    membership) and `employer` is set."""

    member = serializers.UUIDField(source="membership_id", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)

    class Meta:
        model = Entitlement
        fields = ("id", "programme", "cycle", "version", "member", "employer", "state",
                  "amount_fen", "results", "qualified_on", "reason", "created_at")  # fmt: skip
        read_only_fields = fields


class EntitlementFilter(django_filters.FilterSet):  # type: ignore[misc]
    """state, programme, member."""

    state = django_filters.ChoiceFilter(choices=EntitlementState)
    programme = django_filters.ModelChoiceFilter(queryset=Programme.objects.all())
    member = django_filters.UUIDFilter(field_name="membership_id")

    class Meta:
        model = Entitlement
        fields = ("state", "programme", "member")


class EntitlementViewSet(PortalViewSet):
    """Rights the caller sees, newest first."""

    queryset = Entitlement.objects.select_related("version")
    serializer_class = EntitlementSerializer
    filterset_class = EntitlementFilter
    orderings: ClassVar[tuple[str, ...]] = ("-created_at", "created_at")
    rights: ClassVar[dict[str, Any]] = {
        "list": Permission.VIEW_MONEY,
        "retrieve": Permission.VIEW_MONEY,
    }
