"""``manage.py doctor``: what is here, what is wrong, what to do."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from unionportal.embedded import doctor


class Command(BaseCommand):
    help = "Tell what the portal needs, what it found and how to cure what is wrong."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings; exit code 1 when something is wrong."""
        sys.exit(doctor.main())
