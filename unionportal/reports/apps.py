from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "unionportal.reports"
    label = "reports"
