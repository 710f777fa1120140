"""Register the ``up`` and ``doctor`` commands."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "unionportal.embedded"
    label = "embedded"
