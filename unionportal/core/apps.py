from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "unionportal.core"
    label = "core"

    def ready(self) -> None:
        from unionportal.core import (  # noqa: PLC0415 - needs the apps
            checks,  # noqa: F401
            housekeeping,  # noqa: F401
            navigation,
        )
        from unionportal.core.api import schema  # noqa: F401, PLC0415
        from unionportal.core.exports.queries import waiting_for  # noqa: PLC0415
        from unionportal.core.roles import Permission  # noqa: PLC0415

        navigation.register(
            navigation.NavItem(
                section="system",
                order=15,
                label=_("Files from lists"),
                url_name="core:export-list",
                permission=Permission.EXPORT,
                count=waiting_for,
                waiting=_("files wait for a second person"),
            )
        )
        pages = [
            (10, _("Background jobs"), "core:job-list", Permission.USE_DESK),
            (20, _("Audit log"), "core:audit-list", Permission.VIEW_AUDIT),
            (30, _("Who looked"), "core:reveal-list", Permission.VIEW_AUDIT),
            (40, _("Accounts"), "core:account-list", Permission.MANAGE_ACCOUNTS),
            (50, _("Give roles"), "core:grant-list", Permission.MANAGE_ROLES),
            (55, _("Storage terms"), "core:retention", Permission.MANAGE_RETENTION),
            (60, _("Who may do what"), "core:role-list", Permission.USE_DESK),
        ]
        for order, label, url_name, permission in pages:
            navigation.register(
                navigation.NavItem(
                    section="system",
                    order=order,
                    label=label,
                    url_name=url_name,
                    permission=permission,
                )  # fmt: skip
            )
