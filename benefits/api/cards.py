"""Member cards over REST: masked, always."""

from __future__ import annotations

from typing import Any

import django_filters
from rest_framework import serializers

from benefits.models import MemberCard
from benefits.states.cards import CardState
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class CardSerializer(serializers.ModelSerializer[MemberCard]):
    member = serializers.UUIDField(source="membership_id")

    class Meta:
        model = MemberCard
        fields = (
            "id", "member", "state", "card_tail", "refusal_code", "requested_at", "sent_at",
            "issued_at", "handed_out_at", "activated_at", "closed_at",
        )  # fmt: skip


class CardFilter(django_filters.FilterSet):  # type: ignore[misc]
    """state, member."""

    state = django_filters.ChoiceFilter(choices=CardState.choices)
    member = django_filters.UUIDFilter(field_name="membership_id")

    class Meta:
        model = MemberCard
        fields = ("state", "member")


class CardViewSet(PortalViewSet):
    """Read member cards of one's units; numbers show their last four digits."""

    queryset = MemberCard.objects.defer("card_no")
    serializer_class: Any = CardSerializer
    filterset_class = CardFilter
    orderings = ("-id", "id", "-requested_at")
    rights = {"list": Permission.VIEW_CARDS, "retrieve": Permission.VIEW_CARDS}
