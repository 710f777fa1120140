from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"

    def ready(self) -> None:
        from members import (  # noqa: F401, PLC0415 - they register themselves
            figures,
            panels,
            retention,
            tasks,
        )
        from members.bulk.doing import register_kinds  # noqa: PLC0415 - needs the models
        from members.lists.exporting import register_lists  # noqa: PLC0415 - needs the models
        from members.merging.links import register_links  # noqa: PLC0415
        from members.merging.views import member_panel  # noqa: PLC0415
        from members.navigation import register_pages  # noqa: PLC0415 - needs the models
        from members.openers import owner  # noqa: PLC0415
        from members.reach import resolve  # noqa: PLC0415
        from members.transfers import receivers  # noqa: F401, PLC0415
        from unionportal.core import files, scope  # noqa: PLC0415

        scope.register_resolver(resolve)
        files.register_owner(owner)
        register_links()
        panels.register(member_panel)
        register_pages()
        register_lists()
        register_kinds()
        retention.register()
