from django.urls import path

from unionportal.worker import stations

urlpatterns = [
    path("stations/", stations.station_list, name="station-list"),
    path("stations/<uuid:pk>/", stations.station_detail, name="station-detail"),
]
