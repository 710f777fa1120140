from rest_framework.routers import SimpleRouter

from benefits.api.batches import BatchViewSet
from benefits.api.cards import CardViewSet
from benefits.api.programmes import ProgrammeViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("cards", CardViewSet, basename="cards")
    router.register("programmes", ProgrammeViewSet, basename="programmes")
    router.register("batches", BatchViewSet, basename="batches")
