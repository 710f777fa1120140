"""Panels other apps add to a member's page, without this app knowing them.

A panel is a function (request, membership) → safe HTML, or "" when it has nothing to show. It
checks the reader's rights itself. Register it in the upper app's AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from members.models import Membership

Panel = Callable[[HttpRequest, "Membership"], str]
_panels: list[Panel] = []


def register(panel: Panel) -> Panel:
    """Add a panel at the end; adding it again changes nothing."""
    if panel not in _panels:
        _panels.append(panel)
    return panel


def render(request: HttpRequest, membership: Membership) -> list[str]:
    """Return the panels that have something to show, in their order."""
    return [html for panel in _panels if (html := panel(request, membership))]
