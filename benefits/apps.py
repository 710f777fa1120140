from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BenefitsConfig(AppConfig):
    name = "benefits"

    def ready(self) -> None:
        # Registers receivers, tasks and their schedules, and who reads and makes which bank file.
        from benefits import (  # noqa: F401, PLC0415 - these need the models
            card_figures,
            checks,
            figures,
            merging_points,
            openers,
            tasks,
        )
        from benefits.actions import (  # noqa: F401, PLC0415
            cardanswers,
            cardfiles,
            matching,
            payout_files,
            results,
        )
        from benefits.channels import bank_file, cash  # noqa: F401, PLC0415
        from benefits.channels.wechat import channel  # noqa: F401, PLC0415
        from benefits.merging import register_links  # noqa: PLC0415
        from benefits.navigation import register_pages  # noqa: PLC0415
        from benefits.queries.cards import work_waiting  # noqa: PLC0415
        from benefits.receivers import cards, employers, imports, payouts, people  # noqa: F401, PLC0415
        from benefits.views.cards import member_panel  # noqa: PLC0415
        from benefits.views.terms import member_panel as benefits_panel  # noqa: PLC0415
        from members import panels  # noqa: PLC0415
        from unionportal.core import files  # noqa: PLC0415
        from unionportal.core.navigation import NavItem, register  # noqa: PLC0415
        from unionportal.core.roles import Permission  # noqa: PLC0415

        panels.register(member_panel)
        panels.register(benefits_panel)
        files.register_owner(openers.owner)
        register_links()
        merging_points.register_links()
        register_pages()
        register(
            NavItem(
                section="services",
                order=20,
                label=_("Member cards"),
                url_name="benefits:card-list",
                permission=Permission.VIEW_CARDS,
                count=work_waiting,
                waiting=_("card files or requests wait for you"),
            )  # fmt: skip
        )
