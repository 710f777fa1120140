from rest_framework.routers import SimpleRouter

from stations.api.views import PointViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("service-points", PointViewSet, basename="service-points")
