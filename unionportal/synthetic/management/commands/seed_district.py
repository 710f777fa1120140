"""``manage.py seed_district``: a synthetic district, with the counts that are true of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from unionportal.core import demo
from unionportal.core.errors import Refused
from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import DEMO, SIZES


class Command(BaseCommand):
    help = (
        "Build a synthetic district in an empty demo database: no real person, everything from"
        " the random seed but passwords. Prints the true counts, so that reports can be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=list(SIZES), default=DEMO.name)
        parser.add_argument("--random-seed", type=int, default=1)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, print the counts; exit 1 with one sentence when it cannot be done."""
        began = time.monotonic()
        try:
            counts = build_district(
                size=SIZES[options["size"]],
                random_seed=options["random_seed"],
                accounts_file=demo.ACCOUNTS_FILE,
                say=self.stdout.write,
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        for line in counts.lines():
            self.stdout.write(line)
        if options["json"]:
            counts.write(options["json"])
        seconds = time.monotonic() - began
        self.stdout.write(f"Built in {seconds:.1f} s. Accounts: {demo.ACCOUNTS_FILE}")
