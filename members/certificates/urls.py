"""Addresses of the certificates, below /desk/."""

from django.urls import path

from members.certificates import views

urlpatterns = [
    path("certificates/", views.certificate_sheet, name="certificate-sheet"),
    path("members/<uuid:pk>/certificate/", views.certificate, name="certificate"),
    path(
        "members/<uuid:pk>/certificate/reissue/",
        views.certificate_reissue,
        name="certificate-reissue",
    ),
    path(
        "members/<uuid:pk>/certificate/revoke/", views.certificate_revoke, name="certificate-revoke"
    ),
]
