from django.urls import include, path

app_name = "worker"
urlpatterns = [
    path("", include("unionportal.worker.join_urls")),
    path("", include("unionportal.worker.station_urls")),
]
