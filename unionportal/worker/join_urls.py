"""Addresses of the self-join."""

from django.urls import path

from unionportal.worker import join, papers

urlpatterns = [
    path("join/", join.join_start, name="join-start"),
    path("join/<str:code>/", join.join_who, name="join"),
    path("join/<str:code>/work/", join.join_work, name="join-work"),
    path("join/<str:code>/vehicle/", join.join_vehicle, name="join-vehicle"),
    path("join/<str:code>/check/", join.join_check, name="join-check"),
    path("join/<str:code>/code/", join.join_code, name="join-code"),
    path("join/<str:code>/resend/", join.join_resend, name="join-resend"),
    path("join/<str:code>/papers/", papers.join_papers, name="join-papers"),
    path("join/<str:code>/done/", join.join_done, name="join-done"),
]
