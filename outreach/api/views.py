"""Drives in the REST API."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api.serializers import BoardSerializer, DriveSerializer
from outreach.filters import DriveFilter
from outreach.models import Drive
from outreach.queries import board_of
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class DriveViewSet(PortalViewSet):
    """Enrolment drives the caller sees, newest first."""

    queryset = Drive.objects.select_related("owner").prefetch_related("groups", "areas")
    serializer_class = DriveSerializer
    filterset_class = DriveFilter
    orderings: ClassVar[tuple[str, ...]] = ("-started_on", "started_on")
    rights: ClassVar[dict[str, Permission]] = {
        "list": Permission.VIEW_DRIVES,
        "retrieve": Permission.VIEW_DRIVES,
        "board": Permission.VIEW_DRIVES,
    }

    @extend_schema(responses=BoardSerializer)
    @action(detail=True)
    def board(self, request: Request, pk: str | None = None) -> Response:
        """Return people joined and target per area and group, as of now; 404 out of scope."""
        drive = self.get_object()
        return Response(BoardSerializer(board_of(drive, request.user)).data)
