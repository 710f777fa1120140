"""A worker process that kills itself: ``python -m tests.members.killed_worker`` and four words.

Runs one job against a test's database and sends itself SIGKILL just before the statement of the
given number, so that nothing of Python or PostgreSQL gets to clean up.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.conf import settings
from django.db import connection

from members.imports import judging, undoing, writing
from unionportal.core import jobs

SMALL = 10  # rows a transaction: many places to die in


@contextmanager
def counted(die_at: int = 0) -> Iterator[Callable[[], int]]:
    """Count statements in the block, in small portions; die before number `die_at`."""
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    usual = judging.PORTION, undoing.CHUNK, writing.CHUNK
    judging.PORTION = undoing.CHUNK = writing.CHUNK = SMALL
    try:
        with connection.execute_wrapper(count):
            yield lambda: seen
    finally:
        judging.PORTION, undoing.CHUNK, writing.CHUNK = usual


def main(job: str, database: str, files: str, die_at: str) -> None:
    """Run the job and die before statement `die_at`."""
    settings.FILES_ROOT = files
    connection.settings_dict["NAME"] = database
    with counted(int(die_at)):
        jobs.run(UUID(job))


if __name__ == "__main__":
    main(*sys.argv[1:])
