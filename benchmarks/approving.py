"""``python -m benchmarks.approving ID``: approve a list as a worker's process does."""

from __future__ import annotations

import sys

import django

django.setup()

from benefits.actions import batches  # noqa: E402 - models need the set-up above
from benefits.models import PayoutBatch  # noqa: E402
from unionportal.core.models import User  # noqa: E402

if __name__ == "__main__":
    batch = PayoutBatch.objects.get(pk=sys.argv[1])
    batches.approve(by=User.objects.get(username="checker"), batch=batch)
