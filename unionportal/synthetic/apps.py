from django.apps import AppConfig


class SyntheticConfig(AppConfig):
    name = "unionportal.synthetic"
    label = "synthetic"
