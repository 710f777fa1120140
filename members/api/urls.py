from rest_framework.routers import SimpleRouter

from members.api import cases, unit_views, views
from members.bulk.api import BulkChangeViewSet, BulkRowViewSet
from members.merging.api import PairViewSet


def register(router: SimpleRouter) -> None:
    """Add this app's routes to /api/v1/."""
    router.register("areas", views.AreaViewSet, basename="areas")
    router.register("units", views.UnitViewSet, basename="units")
    router.register("committees", unit_views.CommitteeViewSet, basename="committees")
    router.register(
        "legal-certificates", unit_views.LegalCertificateViewSet, basename="legal-certificates"
    )
    router.register(
        "collective-contracts", unit_views.ContractViewSet, basename="collective-contracts"
    )
    router.register("unit-changes", unit_views.UnitChangeViewSet, basename="unit-changes")
    router.register(
        "external-members", unit_views.ExternalMembersViewSet, basename="external-members"
    )
    router.register("employers", views.EmployerViewSet, basename="employers")
    router.register("members", views.MemberViewSet, basename="members")
    router.register("applications", views.ApplicationViewSet, basename="applications")
    router.register("transfers", cases.TransferViewSet, basename="transfers")
    router.register("certificates", cases.CertificateViewSet, basename="certificates")
    router.register("duplicates", PairViewSet, basename="duplicates")
    router.register("bulk-changes", BulkChangeViewSet, basename="bulk-changes")
    router.register("bulk-rows", BulkRowViewSet, basename="bulk-rows")
