"""The REST routes of units' bodies, papers and history."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import django_filters as filters
from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from members.actions import feeds
from members.api.feeding import FeedingMixin
from members.models import (
    CollectiveContract,
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    TermExtension,
    UnionUnit,
    UnitChange,
    UnitFeed,
    UnitPlacement,
)
from members.queries.bodies import UnitHealth
from unionportal.core.api.fields import StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.models import User
from unionportal.core.roles import Permission

P = Permission
LOOK = {"list": P.VIEW_ORGANISATION, "retrieve": P.VIEW_ORGANISATION}


class SeatSerializer(serializers.ModelSerializer[CommitteeSeat]):
    """Who sits in a committee, as what, from when to when."""

    name = serializers.CharField(source="full_name")
    is_member_here = serializers.SerializerMethodField()

    class Meta:
        model = CommitteeSeat
        fields = ("id", "name", "is_member_here", "office", "started_on", "ended_on")

    def get_is_member_here(self, seat: CommitteeSeat) -> bool:
        return seat.person_id is not None


class ExtensionSerializer(serializers.ModelSerializer[TermExtension]):
    class Meta:
        model = TermExtension
        fields = ("from_day", "to_day", "document_no", "decided_on")


class CommitteeSerializer(serializers.ModelSerializer[Committee]):
    seats = SeatSerializer(many=True)
    extensions = ExtensionSerializer(many=True)

    class Meta:
        model = Committee
        fields = (
            "id", "unit", "kind", "is_single", "congress", "started_on", "term_years", "due_on",
            "ended_on", "document_no", "seats", "extensions",
        )  # fmt: skip


class LegalCertificateSerializer(serializers.ModelSerializer[LegalPersonCertificate]):
    class Meta:
        model = LegalPersonCertificate
        fields = (
            "id", "unit", "credit_code", "number", "representative", "issued_by", "issued_on",
            "valid_to", "ended_on",
        )  # fmt: skip


class ContractSerializer(serializers.ModelSerializer[CollectiveContract]):
    """A collective contract with how many employers it covers."""

    employers = serializers.IntegerField()

    class Meta:
        model = CollectiveContract
        fields = (
            "id", "unit", "kind", "reach", "signed_on", "valid_to", "filed_on", "document_no",
            "employers",
        )  # fmt: skip


class UnitChangeSerializer(serializers.ModelSerializer[UnitChange]):
    class Meta:
        model = UnitChange
        fields = (
            "id", "unit", "target", "kind", "happened_on", "reason", "document_no", "members",
            "employers", "units",
        )  # fmt: skip


class PlacementSerializer(serializers.ModelSerializer[UnitPlacement]):
    class Meta:
        model = UnitPlacement
        fields = ("parent", "started_on", "ended_on", "reason")


class HealthSerializer(serializers.Serializer[UnitHealth]):
    """What is known of a unit's life, with days; null = not recorded."""

    members = serializers.IntegerField()
    women = serializers.IntegerField()
    came_last_year = serializers.IntegerField()
    last_joined_on = serializers.DateField(allow_null=True)
    elected_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    employers = serializers.IntegerField()
    paying = serializers.IntegerField()
    contracts = serializers.IntegerField()
    covered = serializers.IntegerField()
    contract_until = serializers.DateField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class CommitteeFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")
    kind = filters.ChoiceFilter(choices=Committee.Kind.choices)
    in_office = filters.BooleanFilter(field_name="ended_on", lookup_expr="isnull")

    class Meta:
        model = Committee
        fields: tuple[str, ...] = ()


class LegalCertificateFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")
    credit_code = filters.CharFilter()
    in_force = filters.BooleanFilter(field_name="ended_on", lookup_expr="isnull")

    class Meta:
        model = LegalPersonCertificate
        fields: tuple[str, ...] = ()


class ContractFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")
    kind = filters.ChoiceFilter(choices=CollectiveContract.Kind.choices)
    valid_after = filters.DateFilter(field_name="valid_to", lookup_expr="gt")

    class Meta:
        model = CollectiveContract
        fields: tuple[str, ...] = ()


class UnitChangeFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")
    target = filters.UUIDFilter(field_name="target_id")
    kind = filters.ChoiceFilter(choices=UnitChange.Kind.choices)

    class Meta:
        model = UnitChange
        fields: tuple[str, ...] = ()


class CommitteeViewSet(PortalViewSet):
    """Committees in reach, by term, with seats and extensions."""

    queryset = Committee.objects.prefetch_related("seats__person", "extensions")
    serializer_class = CommitteeSerializer
    filterset_class = CommitteeFilter
    orderings = ("due_on", "-started_on")
    rights = LOOK


class LegalCertificateViewSet(PortalViewSet):
    """Legal-person certificates in reach."""

    queryset = LegalPersonCertificate.objects.all()
    serializer_class = LegalCertificateSerializer
    filterset_class = LegalCertificateFilter
    orderings = ("valid_to", "-issued_on")
    rights = LOOK


class ContractViewSet(PortalViewSet):
    """Collective contracts in reach."""

    queryset = CollectiveContract.objects.annotate(employers=Count("covered"))
    serializer_class = ContractSerializer
    filterset_class = ContractFilter
    orderings = ("-signed_on", "valid_to")
    rights = LOOK


class UnitChangeViewSet(PortalViewSet):
    """Moves, splits, mergers and closings in reach, newest first."""

    queryset = UnitChange.objects.all()
    serializer_class = UnitChangeSerializer
    filterset_class = UnitChangeFilter
    orderings = ("-happened_on", "happened_on")
    rights = LOOK


class FeedSerializer(serializers.ModelSerializer[UnitFeed]):
    class Meta:
        model = UnitFeed
        fields = ("id", "unit", "as_of", "members", "women", "received_at")


class NewFeedSerializer(StrictSerializer):
    """What a head office's own system sends; an unknown field is refused."""

    unit = serializers.PrimaryKeyRelatedField(queryset=UnionUnit.objects.none())
    as_of = serializers.DateField()
    members = serializers.IntegerField(min_value=0, max_value=9_999_999)
    women = serializers.IntegerField(
        min_value=0, max_value=9_999_999, default=None, allow_null=True
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if (request := self.context.get("request")) is not None:
            reach = UnionUnit.objects.visible_to(request.user, P.MANAGE_ORGANISATION)
            fields["unit"] = serializers.PrimaryKeyRelatedField(queryset=reach)
        return fields


class FeedFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")

    class Meta:
        model = UnitFeed
        fields: tuple[str, ...] = ()


class ExternalMembersViewSet(FeedingMixin, PortalViewSet):
    """Numbers of members that head offices' own systems sent; POST sends one, once per key."""

    queryset = UnitFeed.objects.all()
    serializer_class = FeedSerializer
    filterset_class = FeedFilter
    orderings = ("-as_of", "as_of")
    rights: ClassVar[dict[str, Permission]] = {
        **LOOK,
        "create": P.MANAGE_ORGANISATION,
        "people": P.LOAD_REGISTRY,
    }

    @extend_schema(
        request=NewFeedSerializer, responses={201: FeedSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def create(self, request: Request) -> Response:
        """Take the number of members of one external unit on a day."""
        serializer = NewFeedSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return create_once(request, lambda: self._take(request, serializer.validated_data))

    def _take(self, request: Request, data: dict[str, Any]) -> dict[str, Any]:
        feed = feeds.receive_feed(by=cast(User, request.user), **data)
        feed.refresh_from_db()
        return {
            name: value if value is None or isinstance(value, int) else str(value)
            for name, value in FeedSerializer(feed).data.items()
        }
