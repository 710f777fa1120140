"""Ask the portal's health page whether the named parts work: healthcheck.py URL PART [PART ...].

Run by the containers' health checks; needs no Django, so it costs next to nothing.
"""

import json
import os
import sys
import urllib.error
import urllib.request


def working(url: str, parts: list[str]) -> bool:
    """Tell whether every part is reported as ok, whatever the others are."""
    # The portal answers to its public names only.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    request = urllib.request.Request(url, headers={"Host": host})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=8) as answer:
            seen = json.load(answer)
    except urllib.error.HTTPError as error:
        seen = json.load(error)
    return all(seen.get(part) == "ok" for part in parts)


if __name__ == "__main__":
    try:
        sys.exit(0 if working(sys.argv[1], sys.argv[2:]) else 1)
    except (OSError, ValueError) as problem:
        sys.exit(f"{sys.argv[1]}: {problem}")
