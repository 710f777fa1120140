from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "unionportal.api"
    label = "portal_api"
