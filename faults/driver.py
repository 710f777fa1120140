"""`python -m faults.driver FOLDER`: the people of a run, a program of its own (see feeding.py)."""

from __future__ import annotations

import sys

import django

django.setup()

from faults.feeding import main  # noqa: E402 - its imports need the apps

if __name__ == "__main__":
    sys.exit(main())
