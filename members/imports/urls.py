"""Addresses of the imports, included by members.urls."""

from django.urls import path

from members.imports import views

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/new/", views.import_new, name="import-new"),
    path("imports/register/", views.import_register, name="import-register"),
    path("imports/template.xlsx", views.import_template, name="import-template"),
    path("imports/register.xlsx", views.register_template, name="register-template"),
    path("imports/titles/", views.import_titles, name="import-titles"),
    path("imports/titles/<uuid:pk>/forget/", views.title_forget, name="title-forget"),
    path("imports/<uuid:pk>/", views.import_detail, name="import-detail"),
    path("imports/<uuid:pk>/columns/", views.import_columns, name="import-columns"),
    path("imports/<uuid:pk>/confirm/", views.import_confirm, name="import-confirm"),
    path("imports/<uuid:pk>/cancel/", views.import_cancel, name="import-cancel"),
    path("imports/<uuid:pk>/undo/", views.import_undo, name="import-undo"),
    path("imports/<uuid:pk>/rejected.xlsx", views.import_rejected, name="import-rejected"),
]
