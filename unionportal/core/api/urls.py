from rest_framework.routers import SimpleRouter

from unionportal.core.api import lists


def register(router: SimpleRouter) -> None:
    """Add core's routes to /api/v1/."""
    router.register("saved-filters", lists.SavedFilterViewSet, basename="saved-filters")
    router.register("exports", lists.ExportViewSet, basename="exports")
