from django.urls import URLPattern

app_name = "worker"
urlpatterns: list[URLPattern] = []
