from rest_framework.routers import SimpleRouter

from outreach.api.views import DriveViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("drives", DriveViewSet, basename="drives")
