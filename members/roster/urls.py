"""Addresses of the rosters, included by members.urls."""

from django.urls import path

from members.roster import views

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/new/", views.import_new, name="import-new"),
    path("imports/template.xlsx", views.import_template, name="import-template"),
    path("imports/<uuid:pk>/", views.import_detail, name="import-detail"),
    path("imports/<uuid:pk>/confirm/", views.import_confirm, name="import-confirm"),
    path("imports/<uuid:pk>/cancel/", views.import_cancel, name="import-cancel"),
    path("imports/<uuid:pk>/rejected.xlsx", views.import_rejected, name="import-rejected"),
]
