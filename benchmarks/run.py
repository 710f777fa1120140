"""``python -m benchmarks.run``: what ``script/bench`` starts."""

from __future__ import annotations

import sys

import django

django.setup()

from benchmarks.jobs import main  # noqa: E402 - its imports need the apps

if __name__ == "__main__":
    sys.exit(main())
