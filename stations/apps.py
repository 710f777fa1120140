from django.apps import AppConfig


class StationsConfig(AppConfig):
    name = "stations"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _  # noqa: PLC0415

        from stations import figures, receivers  # noqa: F401, PLC0415 - they register themselves
        from stations.queries import waiting_count  # noqa: PLC0415 - needs the models
        from unionportal.core.navigation import NavItem, register  # noqa: PLC0415
        from unionportal.core.roles import Permission  # noqa: PLC0415

        register(
            NavItem(
                section="services",
                order=40,
                label=_("Service points"),
                url_name="stations:point-list",
                permission=Permission.VIEW_STATIONS,
                count=waiting_count,
                waiting=_("service points wait to be accepted"),
            )  # fmt: skip
        )
