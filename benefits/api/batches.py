"""Payout batches in the REST API: sums and states, no names and no accounts."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Count, Q
from rest_framework import serializers

from benefits.models import PayoutBatch, Programme
from benefits.states.payouts import BatchState, LineState
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission

COUNTED = {
    "paid": [LineState.PAID],
    "failed": [LineState.FAILED, LineState.RETURNED],
    "unknown": [LineState.UNKNOWN],
    "waiting": [LineState.SENDING, LineState.SENT, LineState.AWAITING_PAYEE],
    "left_out": [LineState.DROPPED],
}


class BatchSerializer(serializers.ModelSerializer[PayoutBatch]):
    """A batch; `lines` counts its lines by where they are."""

    lines = serializers.SerializerMethodField()

    class Meta:
        model = PayoutBatch
        fields = ("id", "number", "programme", "state", "channel", "transport",
                  "line_count", "total_fen", "needs_second", "lines_digest", "notice_until",
                  "made_at", "submitted_at", "approved_at", "released_at", "handed_over_at",
                  "closed_at", "lines")  # fmt: skip
        read_only_fields = fields

    def get_lines(self, batch: PayoutBatch) -> dict[str, int]:
        return {name: getattr(batch, f"count_{name}") for name in COUNTED}


class BatchFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=BatchState)
    programme = django_filters.ModelChoiceFilter(queryset=Programme.objects.all())

    class Meta:
        model = PayoutBatch
        fields = ("state", "programme")


class BatchViewSet(PortalViewSet):
    """Payout batches the caller sees, newest first."""

    queryset = PayoutBatch.objects.annotate(
        **{
            f"count_{name}": Count("lines", filter=Q(lines__state__in=states))
            for name, states in COUNTED.items()
        }
    )
    serializer_class = BatchSerializer
    filterset_class = BatchFilter
    orderings: ClassVar[tuple[str, ...]] = ("-made_at", "made_at")
    rights: ClassVar[dict[str, Any]] = {
        "list": Permission.VIEW_MONEY,
        "retrieve": Permission.VIEW_MONEY,
    }
