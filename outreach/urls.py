"""Addresses of the drive pages, under /desk/."""

from django.urls import path

from outreach import views

app_name = "outreach"
urlpatterns = [
    path("drives/", views.drive_list, name="drive-list"),
    path("drives/new/", views.drive_new, name="drive-new"),
    path("drives/<uuid:pk>/", views.drive_detail, name="drive-detail"),
    path("drives/<uuid:pk>/open/", views.drive_open, name="drive-open"),
    path("drives/<uuid:pk>/close/", views.drive_close, name="drive-close"),
    path("drives/<uuid:pk>/targets/", views.target_edit, name="target-edit"),
    path("drives/<uuid:pk>/patches/", views.patch_add, name="patch-add"),
    path("drives/<uuid:pk>/codes/", views.joincode_add, name="joincode-add"),
    path("drives/<uuid:pk>/people/", views.enrolment_list, name="enrolment-list"),
    path("drives/<uuid:pk>/known/", views.known_list, name="known-list"),
    path("codes/<uuid:pk>/poster/", views.joincode_poster, name="joincode-poster"),
    path("codes/<uuid:pk>/stop/", views.joincode_stop, name="joincode-stop"),
    path("patches/", views.patch_list, name="patch-list"),
    path("patches/<uuid:pk>/end/", views.patch_end, name="patch-end"),
]
