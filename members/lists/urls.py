"""Addresses of the lists, put into the members app's own."""

from django.urls import URLPattern, path

from members.lists import views

urlpatterns: list[URLPattern] = [
    path("members/", views.member_list, name="member-list"),
    path("units/pick/", views.unit_pick, name="unit-pick"),
    path("members/find/", views.member_find, name="member-find"),
]
