"""The REST routes of units' bodies, papers and history."""

from __future__ import annotations

import django_filters as filters
from rest_framework import serializers

from members.models import (
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    TermExtension,
    UnitChange,
    UnitPlacement,
)
from members.queries.bodies import UnitHealth
from unionportal.core.api.views import PortalViewSet
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


class UnitChangeViewSet(PortalViewSet):
    """Moves, splits, mergers and closings in reach, newest first."""

    queryset = UnitChange.objects.all()
    serializer_class = UnitChangeSerializer
    filterset_class = UnitChangeFilter
    orderings = ("-happened_on", "happened_on")
    rights = LOOK
