"""What becomes of this app's references to people when two records are merged."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.merging.registry import How, Link, register


def register_links() -> None:
    """Say it, for the app's start."""
    register(
        Link(column="outreach.KnownJoin.person", how=How.MOVES, name=_("Scans of a join code"))
    )
