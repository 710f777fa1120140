from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction

from unionportal.core import grants
from unionportal.settings import env


class Command(BaseCommand):
    help = (
        "Give the role of APP_DATABASE_URL what the portal's programs need: everywhere to read and"
        " write, in the ledger and the logs to add only. Run it as the owner of the tables after"
        " each migrate; does nothing without APP_DATABASE_URL."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the role when it is missing and set its rights."""
        address = env.text("APP_DATABASE_URL", "")
        if not address:
            self.stdout.write("APP_DATABASE_URL is not set: the programs own the tables.")
            return
        app = env.database(address)
        owner = connection.settings_dict["USER"]
        if app["USER"] == owner:
            raise CommandError(
                "APP_DATABASE_URL names the owner of the tables: give it another role."
            )
        try:
            with transaction.atomic():
                grants.make_role(app["USER"], app.get("PASSWORD"))
                is_empty = "django_migrations" not in connection.introspection.table_names()
                count = 0 if is_empty else grants.grant(app["USER"])
        except DatabaseError as error:
            raise CommandError(
                f"The role {app['USER']} could not be set up ({error}): make it by hand as"
                " docs/howto/deploy.md tells, then run this again."
            ) from error
        self.stdout.write(f"{app['USER']} reads and writes; in {count} tables it only adds rows.")
