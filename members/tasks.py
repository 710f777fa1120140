"""Work done outside requests: the jobs of the rosters."""

from members.roster import tasks as roster_tasks

__all__ = ["roster_tasks"]
