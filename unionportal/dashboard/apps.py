from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "unionportal.dashboard"
    label = "dashboard"

    def ready(self) -> None:
        from unionportal.core.navigation import NavItem, register  # noqa: PLC0415 - needs the apps
        from unionportal.core.roles import Permission  # noqa: PLC0415

        register(
            NavItem(
                section="today",
                order=10,
                label=_("To do today"),
                url_name="dashboard:home",
                permission=Permission.USE_DESK,
            )  # fmt: skip
        )
