"""Transfers and certificates in the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.views import LOOK_AT_MEMBERS, as_json
from members.certificates.queries import in_force
from members.models import Employer, Membership, Transfer, UnionUnit
from members.models.people import IdType
from members.transfers import actions, queries
from members.transfers.states import TransferKind, TransferState
from members.transfers.views import PULLS
from unionportal.core import limits
from unionportal.core.api.fields import StrictCharField, StrictSerializer
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.models import User
from unionportal.core.roles import Permission

P = Permission


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    """A transfer. The old union and the membership are null for whoever may not know them yet."""

    name = serializers.CharField(source="membership.person.name")
    id_masked = serializers.CharField(source="membership.person.id_masked")
    from_unit = serializers.SerializerMethodField()
    membership = serializers.SerializerMethodField()

    class Meta:
        model = Transfer
        fields = (
            "id", "kind", "state", "name", "id_masked", "membership", "from_unit", "to_unit",
            "outside_name", "employer", "reason", "confirmation", "consented_at", "due_on",
            "escalated_to", "moves_on", "answer", "requested_at", "closed_at",
        )  # fmt: skip

    def get_from_unit(self, row: Transfer) -> str | None:
        return str(row.from_unit_id) if self._is_known(row) and row.from_unit_id else None

    def get_membership(self, row: Transfer) -> str | None:
        return str(row.membership_id) if self._is_known(row) else None

    def _is_known(self, row: Transfer) -> bool:
        return row.pk in self.context.get("known", ())


class PullSerializer(StrictSerializer):
    """Who is to come to which of one's own units."""

    name = StrictCharField(max_length=60)
    id_type = serializers.ChoiceField(choices=IdType.choices, default=IdType.CITIZEN)
    id_number = StrictCharField(max_length=30)
    unit = serializers.PrimaryKeyRelatedField(queryset=UnionUnit.objects.none())
    employer = serializers.PrimaryKeyRelatedField(
        queryset=Employer.objects.none(), default=None, allow_null=True
    )
    reason = StrictCharField(max_length=200, default="", allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if "request" in self.context:
            user: User = self.context["request"].user
            units = UnionUnit.objects.visible_to(user, P.ENROL)
            fields["unit"].queryset = units  # type: ignore[attr-defined]
            fields["employer"].queryset = Employer.objects.visible_to(user)  # type: ignore[attr-defined]
        return fields


class AcceptSerializer(StrictSerializer):
    """The day the membership moves; today when it is left out."""

    moves_on = serializers.DateField(default=None, allow_null=True)


class RefuseSerializer(StrictSerializer):
    """Why not."""

    reason = StrictCharField(max_length=200)


class TransferFilter(filters.FilterSet):  # type: ignore[misc]
    state = filters.ChoiceFilter(choices=TransferState.choices)
    kind = filters.ChoiceFilter(choices=TransferKind.choices)
    to_unit = filters.UUIDFilter(field_name="to_unit_id")

    class Meta:
        model = Transfer
        fields: tuple[str, ...] = ()


class TransferViewSet(PortalViewSet):
    """Transfers of one's own units; POST asks for a member, once per Idempotency-Key."""

    queryset = queries.shown(Transfer.objects.all())
    serializer_class = TransferSerializer
    filterset_class = TransferFilter
    orderings = ("-requested_at", "requested_at")
    rights: ClassVar[dict[str, Permission]] = {
        **LOOK_AT_MEMBERS,
        "create": P.ENROL,
        "accept": P.APPROVE_APPLICATION,
        "refuse": P.APPROVE_APPLICATION,
        "withdraw": P.ENROL,
    }

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        if args and self.serializer_class is TransferSerializer:
            rows = args[0] if kwargs.get("many") else [args[0]]
            known = queries.known_origins(self.request.user, list(rows))
            kwargs["context"] = {**self.get_serializer_context(), "known": known}
        return super().get_serializer(*args, **kwargs)

    @extend_schema(
        request=PullSerializer, responses={201: TransferSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def create(self, request: Request) -> Response:
        """Ask for a member; one answer, 400 `cannot_pull`, for all who cannot be asked for."""
        body = PullSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        limits.require(PULLS, str(request.user.pk))
        return create_once(request, lambda: self._pull(request, body.validated_data))

    def _pull(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        made = actions.pull(by=request.user, **values)
        return as_json(self.get_serializer(self.get_queryset().get(pk=made.pk)))

    @extend_schema(request=AcceptSerializer, responses={200: TransferSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str | None = None) -> Response:
        """Agree for the side that is asked; 409 when the case has moved on."""
        body = AcceptSerializer(data=request.data)
        found = self.get_object()
        body.is_valid(raise_exception=True)
        actions.accept(by=request.user, transfer=found, moves_on=body.validated_data["moves_on"])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=RefuseSerializer, responses={200: TransferSerializer})
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str | None = None) -> Response:
        """Say no for the side that is asked, with the reason."""
        body = RefuseSerializer(data=request.data)
        found = self.get_object()
        body.is_valid(raise_exception=True)
        actions.refuse(by=request.user, transfer=found, reason=body.validated_data["reason"])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: TransferSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """Take one's own request back."""
        actions.withdraw(by=request.user, transfer=self.get_object())
        return Response(self.get_serializer(self.get_object()).data)


class CertificateSerializer(serializers.ModelSerializer[Membership]):
    """A certificate, by the membership it belongs to; `verify_url` is null when not in force."""

    name = serializers.CharField(source="person.name")
    issued_on = serializers.DateField(source="certificate.issued_on")
    revoked_at = serializers.DateTimeField(source="certificate.revoked_at", allow_null=True)
    verify_url = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = (
            "id", "member_no", "name", "unit", "state", "joined_on", "ended_on", "issued_on",
            "revoked_at", "verify_url",
        )  # fmt: skip

    def get_verify_url(self, row: Membership) -> str | None:
        if not in_force(row):
            return None
        return f"{settings.PUBLIC_URL}/verify/{row.certificate.token}/"


class CertificateFilter(filters.FilterSet):  # type: ignore[misc]
    unit = filters.UUIDFilter(field_name="unit_id")
    member_no = filters.CharFilter()

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()


class CertificateViewSet(PortalViewSet):
    """Certificates of members in reach."""

    queryset = (
        Membership.objects.filter(certificate__isnull=False)
        .select_related("person", "certificate")
        .defer("person__id_number", "person__phone")
    )
    serializer_class = CertificateSerializer
    filterset_class = CertificateFilter
    orderings = ("member_no", "-joined_on")
    rights = LOOK_AT_MEMBERS
