from __future__ import annotations

from stations.api.serializers import PointSerializer
from stations.filters import PointFilters
from stations.models import ServicePoint
from unionportal.core.api.views import PortalViewSet
from unionportal.core.roles import Permission


class PointViewSet(PortalViewSet):
    """Read the service points of one's area; only `state=published` ones are built and open."""

    queryset = ServicePoint.objects.select_related("area", "host").prefetch_related(
        "facilities", "hours"
    )
    serializer_class = PointSerializer
    filterset_class = PointFilters
    orderings = ("-id", "id", "name", "-name")
    rights = {
        "list": Permission.VIEW_STATIONS,
        "retrieve": Permission.VIEW_STATIONS,
    }
