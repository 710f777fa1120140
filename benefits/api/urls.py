from rest_framework.routers import SimpleRouter

from benefits.api.cards import CardViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("cards", CardViewSet, basename="cards")
