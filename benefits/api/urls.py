from rest_framework.routers import SimpleRouter


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
