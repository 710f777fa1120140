from rest_framework.routers import SimpleRouter

from members.api import views


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("areas", views.AreaViewSet, basename="areas")
    router.register("units", views.UnitViewSet, basename="units")
    router.register("employers", views.EmployerViewSet, basename="employers")
    router.register("members", views.MemberViewSet, basename="members")
    router.register("applications", views.ApplicationViewSet, basename="applications")
