"""What the matrix opens: one row of each kind, made when an address needs it."""

from tests.architecture.things import above, organisation, people
from tests.architecture.things.registry import things

HOMES = (organisation, people, above)

__all__ = ["HOMES", "things"]
