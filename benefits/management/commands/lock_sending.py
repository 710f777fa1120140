"""`manage.py lock_sending REASON`: reconcile-only mode, by hand."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from benefits.actions import sending


class Command(BaseCommand):
    help = "Let no payment leave until two people agree on the page “Daily match”."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason")

    def handle(self, *args: Any, **options: Any) -> None:
        """Lock, and say since which day the bank may know more."""
        if not options["reason"].strip():
            raise CommandError("Give a reason.")
        held = sending.lock(reason=options["reason"])
        self.stdout.write(f"Locked since {held.since:%Y-%m-%d}: {held.reason}")
