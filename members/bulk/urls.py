"""Addresses of the changes of many members, put into the members app's own."""

from django.urls import URLPattern, path

from members.bulk import views

urlpatterns: list[URLPattern] = [
    path("members/changes/", views.bulk_list, name="bulk-list"),
    path("members/changes/choose/", views.bulk_choose, name="bulk-choose"),
    path("members/changes/new/<slug:kind>/", views.bulk_new, name="bulk-new"),
    path("members/changes/<uuid:pk>/", views.bulk_detail, name="bulk-detail"),
    path("members/changes/<uuid:pk>/confirm/", views.bulk_confirm, name="bulk-confirm"),
    path("members/changes/<uuid:pk>/cancel/", views.bulk_cancel, name="bulk-cancel"),
    path("members/changes/<uuid:pk>/undo/", views.bulk_undo, name="bulk-undo"),
]
