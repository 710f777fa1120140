from rest_framework.routers import SimpleRouter

from benefits.api.batches import BatchViewSet
from benefits.api.cards import CardViewSet
from benefits.api.entitlements import EntitlementViewSet
from benefits.api.goods import PointsViewSet, StockViewSet
from benefits.api.programmes import ProgrammeViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("cards", CardViewSet, basename="cards")
    router.register("programmes", ProgrammeViewSet, basename="programmes")
    router.register("entitlements", EntitlementViewSet, basename="entitlements")
    router.register("goods", StockViewSet, basename="goods")
    router.register("points", PointsViewSet, basename="points")
    router.register("batches", BatchViewSet, basename="batches")
