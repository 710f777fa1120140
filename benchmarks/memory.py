"""What one import takes above an idle worker: `python -m benchmarks.memory BATCH DATABASE …`.

Reads and judges the batch, and writes it when a checker is named too. A process of its own, as a
worker is: one that has loaded files before holds memory that the next file gets, and would show
less than a worker needs. Prints one JSON line: {"peak_mib", "seconds"}.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import django
from django.conf import settings

django.setup()

from members.imports import actions, loading, preview  # noqa: E402 - models need the set-up above
from members.models import ImportBatch  # noqa: E402
from unionportal.core.models import User  # noqa: E402

OWN = Path("/proc/self")


def run(batch_id: str, checker_id: str | None = None) -> None:
    """Do what the two jobs of an import do."""
    preview.make_preview(batch=_batch(batch_id), report=_silent)
    if checker_id:
        checker = User.objects.get(pk=checker_id)
        actions.confirm(by=checker, batch=_batch(batch_id))
        loading.load(by=checker, batch=_batch(batch_id), report=_silent)


def _batch(batch_id: str) -> ImportBatch:
    parts = ImportBatch.objects.select_related("unit__area", "file", "created_by", "job")
    return parts.get(pk=batch_id)


def _resident(name: str) -> int:
    """Return a size of this process in KiB."""
    lines = (OWN / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _silent(*, done: int, total: int | None = None) -> None:
    """Take a report of progress and say nothing."""


def main(batch_id: str, database: str, *checker: str) -> None:
    settings.DATABASES["default"]["NAME"] = database
    _batch(batch_id)
    (OWN / "clear_refs").write_text("5")
    idle, began = _resident("VmRSS"), time.perf_counter()
    run(batch_id, *checker)
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    above = _resident("VmHWM") - idle + max(0, child - idle)
    found = {"peak_mib": above // 1024, "seconds": round(time.perf_counter() - began, 2)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
