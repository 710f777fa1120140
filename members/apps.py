from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"

    def ready(self) -> None:
        from members.reach import resolve  # noqa: PLC0415 - needs the models
        from unionportal.core import scope  # noqa: PLC0415

        scope.register_resolver(resolve)
