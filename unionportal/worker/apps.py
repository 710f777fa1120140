from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "unionportal.worker"
    label = "worker"
