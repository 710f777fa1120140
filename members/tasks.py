"""Work done outside requests: the jobs of the rosters, the deadlines of transfers."""

from members.roster import tasks as roster_tasks
from members.transfers import tasks as transfer_tasks

__all__ = ["roster_tasks", "transfer_tasks"]
