from typing import Any

from django.core.management.base import BaseCommand

from unionportal.core import schedules


class Command(BaseCommand):
    help = "Write the declared beat schedules to the database (safe to repeat)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{schedules.seed()} schedules")
