from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "unionportal.core"
    label = "core"

    def ready(self) -> None:
        from unionportal.core import checks  # noqa: F401, PLC0415 - registers the system checks
