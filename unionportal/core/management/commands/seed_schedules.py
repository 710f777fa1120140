from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from unionportal.core import schedules


class Command(BaseCommand):
    help = "Write the declared beat schedules to the database (safe to repeat)."

    def handle(self, *args: Any, **options: Any) -> None:
        current_app.loader.import_default_modules()
        self.stdout.write(f"{schedules.seed()} schedules")
