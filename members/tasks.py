"""Work done outside requests: the jobs of the imports, the deadlines of transfers."""

from members.imports import tasks as import_tasks
from members.transfers import tasks as transfer_tasks

__all__ = ["import_tasks", "transfer_tasks"]
