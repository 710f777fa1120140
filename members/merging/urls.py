"""Addresses of the pairs, below /desk/."""

from django.urls import path

from members.merging import views

urlpatterns = [
    path("duplicates/", views.pair_list, name="duplicate-list"),
    path("duplicates/search/", views.pair_search, name="duplicate-search"),
    path("duplicates/<uuid:pk>/", views.pair_detail, name="duplicate-detail"),
    path("duplicates/<uuid:pk>/merge/", views.pair_merge, name="duplicate-merge"),
    path("duplicates/<uuid:pk>/dismiss/", views.pair_dismiss, name="duplicate-dismiss"),
    path("duplicates/<uuid:pk>/undo/", views.pair_unmerge, name="duplicate-undo"),
]
