"""Work done outside requests: the jobs of the imports and of changes of many, the deadlines of
transfers, the search for people on file twice."""

from members.bulk import tasks as bulk_tasks
from members.imports import tasks as import_tasks
from members.merging import tasks as merging_tasks
from members.transfers import tasks as transfer_tasks

__all__ = ["bulk_tasks", "import_tasks", "merging_tasks", "transfer_tasks"]
