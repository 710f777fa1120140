from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "unionportal.reports"
    label = "reports"

    def ready(self) -> None:
        from unionportal.core.navigation import NavItem, register  # noqa: PLC0415 - needs the apps
        from unionportal.core.roles import Permission  # noqa: PLC0415

        for order, label, url_name in (
            (10, _("Coverage"), "reports:coverage"),
            (20, _("Definitions"), "reports:figure-list"),
        ):
            register(
                NavItem(
                    section="figures",
                    order=order,
                    label=label,
                    url_name=url_name,
                    permission=Permission.VIEW_REPORTS,
                )  # fmt: skip
            )
