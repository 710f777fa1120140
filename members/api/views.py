"""The members app's part of the REST API."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from members.actions import applications
from members.api import filters, serializers
from members.api.standing import MEMBER_STEPS, MemberDetailSerializer, MemberSteps
from members.api.unit_views import HealthSerializer, PlacementSerializer
from members.lists import search
from members.lists.filters import MemberFilter
from members.lists.reach import for_page, members_in_reach
from members.models import Application, ApplicationFile, Area, Employer, Membership, UnionUnit
from members.queries.bodies import health_of
from unionportal.core.api.schema import IDEMPOTENCY_KEY
from unionportal.core.api.views import PortalViewSet, create_once
from unionportal.core.roles import Permission

P = Permission
LOOK_AT_ORGANISATION = {"list": P.VIEW_ORGANISATION, "retrieve": P.VIEW_ORGANISATION}
LOOK_AT_MEMBERS = {"list": P.VIEW_MEMBERS, "retrieve": P.VIEW_MEMBERS}


class AreaViewSet(PortalViewSet):
    """Areas in reach, in tree order; those that ended too."""

    queryset = Area.objects.prefetch_related("successions")
    serializer_class = serializers.AreaSerializer
    filterset_class = filters.AreaFilter
    orderings = ("path",)
    rights = LOOK_AT_ORGANISATION


class UnitViewSet(PortalViewSet):
    """Union units in reach."""

    queryset = UnionUnit.objects.select_related("area")
    serializer_class = serializers.UnitSerializer
    filterset_class = filters.UnitFilter
    orderings = ("path", "name")
    rights: ClassVar[dict[str, Permission]] = {
        **LOOK_AT_ORGANISATION,
        "health": P.VIEW_ORGANISATION,
        "placements": P.VIEW_ORGANISATION,
    }

    @extend_schema(responses=HealthSerializer)
    @action(detail=True)
    def health(self, request: Request, pk: str | None = None) -> Response:
        """Return what is known of the unit's life today, without the units below it."""
        found = health_of(self.get_object(), timezone.localdate())
        return Response(HealthSerializer(found).data)

    @extend_schema(responses=PlacementSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def placements(self, request: Request, pk: str | None = None) -> Response:
        """Return where the unit hung in the tree, oldest first."""
        rows = self.get_object().placements.order_by("started_on")
        return Response(PlacementSerializer(rows, many=True).data)


class EmployerViewSet(PortalViewSet):
    """Employers in reach; doubles that were merged are left out."""

    queryset = Employer.objects.filter(merged_into=None)
    serializer_class = serializers.EmployerSerializer
    filterset_class = filters.EmployerFilter
    orderings = ("name", "-name")
    rights = LOOK_AT_ORGANISATION


class MemberViewSet(MemberSteps, PortalViewSet):
    """Memberships in reach; every number masked. `q` searches, in the order of what it found."""

    queryset = Membership.objects.all()
    serializer_class = serializers.MemberSerializer
    filterset_class = MemberFilter
    orderings = ("-joined_on", "joined_on", "member_no")
    rights: ClassVar[dict[str, Permission]] = {
        **LOOK_AT_MEMBERS,
        **dict.fromkeys(MEMBER_STEPS, P.APPROVE_APPLICATION),
    }

    def get_serializer_class(self) -> Any:
        is_one = self.action == "retrieve"
        return MemberDetailSerializer if is_one else serializers.MemberSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.objects.none()
        if self.action == "retrieve":
            rows = Membership.objects.visible_to(self.request.user).select_related("person")
            return rows.defer("person__id_number", "person__phone")
        is_search = bool(self.request.query_params.get("q"))
        return for_page(members_in_reach(self.request.user, is_search=is_search))

    @property
    def order_found(self) -> tuple[str, ...]:
        """The order of a search; nothing when nobody searches."""
        reading = self._reading()
        return reading.order if reading else ()

    @property
    def parts_found(self) -> list[Q]:
        """The ranges a search reads one by one."""
        reading = self._reading()
        return reading.parts if reading else []

    def _reading(self) -> search.Reading | None:
        typed = self.request.query_params.get("q", "")
        wanted = self.request.query_params.get("read_as", "")
        return search.read(typed, wanted) if typed.strip() else None


class ApplicationViewSet(PortalViewSet):
    """Applications in reach; POST sends one in, once per Idempotency-Key."""

    queryset = Application.objects.defer("id_number", "phone").prefetch_related(
        Prefetch("files", ApplicationFile.objects.filter(replaced_at=None).order_by("added_at"))
    )
    serializer_class = serializers.ApplicationSerializer
    filterset_class = filters.ApplicationFilter
    orderings = ("-submitted_at", "submitted_at")
    rights: ClassVar[dict[str, Permission]] = {
        **LOOK_AT_MEMBERS,
        "create": P.ENROL,
        "resubmit": P.ENROL,
    }

    @extend_schema(
        request=serializers.CandidateSerializer,
        responses={201: serializers.ApplicationSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Send in an application; 400 names the field that is wrong."""
        serializer = serializers.CandidateSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        return create_once(request, lambda: self._submit(serializer))

    def _submit(self, serializer: serializers.CandidateSerializer) -> dict[str, Any]:
        made = applications.submit(
            by=serializer.context["request"].user,
            candidate=serializer.candidate(),
            ask_by_sms=serializer.validated_data["ask_by_sms"],
        )
        return as_json(serializers.ApplicationSerializer(self.queryset.all().get(pk=made.pk)))

    @extend_schema(request=None, responses={200: serializers.ApplicationSerializer})
    @action(detail=True, methods=["post"])
    def resubmit(self, request: Request, pk: str | None = None) -> Response:
        """Send a returned application in again; 409 when it is not returned any more."""
        found = self.get_object()
        applications.resubmit(by=request.user, application=found)
        return Response(serializers.ApplicationSerializer(self.get_object()).data)


def as_json(serializer: Any) -> dict[str, Any]:
    """Return what a serializer says as plain JSON, to be kept beside an Idempotency-Key."""
    found: dict[str, Any] = json.loads(JSONRenderer().render(serializer.data))
    return found
