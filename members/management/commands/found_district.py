"""``manage.py found_district``: begin a production installation, once."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.actions.founding import FirstAdministrator, found_district
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.identifiers import citizen_id
from unionportal.core.identifiers.cleaning import IdentifierError

OPERATOR = ServiceActor("operator")


class Command(BaseCommand):
    help = (
        "Found the district in an empty database and make the first two administrators. Asks for"
        " their names and ID numbers; prints their first passwords, once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--area-code", required=True, help="six digits, such as 410105")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, write, print the passwords; exit 1 with one sentence when it cannot be done."""
        try:
            passwords = found_district(
                by=OPERATOR,
                area_code=options["area_code"],
                system=self._ask("System administrator (accounts and settings)"),
                security=self._ask("Security administrator (roles)"),
            )
        except (Refused, IdentifierError) as error:
            raise CommandError(str(error)) from None
        for username, password in passwords.items():
            self.stdout.write(f"{username}  first password: {password}")
        self.stdout.write("Both set up their second factor when they first sign in.")

    def _ask(self, heading: str) -> FirstAdministrator:
        self.stdout.write(heading)
        username, name = input("  user name: ").strip(), input("  name: ").strip()
        # Not echoed, and never an argument: other users of the machine could read it there.
        number = citizen_id.parse(getpass("  ID number (not shown): ")).number
        return FirstAdministrator(username, name, number)
