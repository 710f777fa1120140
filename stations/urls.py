from django.urls import path

from stations import views

app_name = "stations"
urlpatterns = [
    path("points/", views.point_list, name="point-list"),
    path("points/new/", views.point_new, name="point-new"),
    path("points/<uuid:pk>/", views.point_detail, name="point-detail"),
    path("points/<uuid:pk>/edit/", views.point_edit, name="point-edit"),
    path("points/<uuid:pk>/stars/", views.point_rate, name="point-rate"),
    path("points/<uuid:pk>/days/", views.holiday_add, name="holiday-add"),
    path("points/<uuid:pk>/days/<uuid:day_pk>/drop/", views.holiday_drop, name="holiday-drop"),
    path("points/<uuid:pk>/<slug:verb>/", views.point_move, name="point-move"),
]
