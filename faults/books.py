"""`python -m faults.books`: print on what the portal's own check finds its books to differ."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from benefits import ledger  # noqa: E402 - models need the set-up above

if __name__ == "__main__":
    found = [[one.code, one.subject, one.found] for one in ledger.check()]
    sys.stdout.write(json.dumps(found) + "\n")
