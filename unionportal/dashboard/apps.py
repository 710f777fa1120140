from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "unionportal.dashboard"
    label = "dashboard"
