from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    name = "benefits"

    def ready(self) -> None:
        # Registers receivers, tasks and their schedules, and who reads and makes which bank file.
        from benefits import tasks  # noqa: F401, PLC0415 - these need the models
        from benefits.actions import payout_files, results  # noqa: F401, PLC0415
        from benefits.receivers import payouts  # noqa: F401, PLC0415
