from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _  # noqa: PLC0415

        from members.lists.picker import offer_for  # noqa: PLC0415 - needs the models
        from outreach import figures, receivers  # noqa: F401, PLC0415 - they register themselves
        from outreach.forms import FOR_CODES, units_of_codes  # noqa: PLC0415
        from outreach.merging import register_links  # noqa: PLC0415
        from outreach.reach import patch_scope  # noqa: PLC0415 - needs the models
        from unionportal.core import scope  # noqa: PLC0415
        from unionportal.core.navigation import NavItem, register  # noqa: PLC0415
        from unionportal.core.roles import Permission  # noqa: PLC0415

        register_links()
        offer_for(FOR_CODES, units_of_codes)
        scope.register_extension(patch_scope)
        for order, label, url_name in (
            (10, _("Enrolment drives"), "outreach:drive-list"),
            (20, _("Patches"), "outreach:patch-list"),
        ):
            register(
                NavItem(
                    section="action",
                    order=order,
                    label=label,
                    url_name=url_name,
                    permission=Permission.VIEW_DRIVES,
                )  # fmt: skip
            )
