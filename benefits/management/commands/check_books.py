"""`manage.py check_books`: prove the invariants of the money from the rows themselves."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from benefits import proofs


class Command(BaseCommand):
    help = "Compare postings, balances, budgets, rights, lines, evidence and batches."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each rule with what breaks it; exit code 1 when something does."""
        found = proofs.check()
        for code in proofs.CHECKS:
            broken = [one for one in found if one.code == code]
            self.stdout.write(f"{'BROKEN ' if broken else 'ok     '} {code}")
            for one in broken[:20]:
                self.stdout.write(f"        {one.subject}: {one.found}")
        sys.exit(1 if found else 0)
