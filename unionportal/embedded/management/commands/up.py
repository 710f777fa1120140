"""``manage.py up``: the whole portal with one command, for trial and development."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from unionportal.embedded import bootstrap, portal
from unionportal.embedded.errors import StartError
from unionportal.settings.env import PORTAL_DATA


class Command(BaseCommand):
    help = "Start the whole portal for trial or development; Ctrl-C stops it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        bootstrap.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped; exit code 1 and one sentence when that is impossible."""
        wanted = portal.Options(
            port=options["port"], demo=not options["no_demo"], lan=options["lan"]
        )
        try:
            portal.run(wanted, PORTAL_DATA, self.say)
        except StartError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def say(self, line: str) -> None:
        """Print a line at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
