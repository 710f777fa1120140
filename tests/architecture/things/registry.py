"""Where what stands in the address of a route is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.architecture.cast import Cast

things: dict[str, Callable[[Cast], dict[str, Any]]] = {}


def thing(build: Callable[[Cast], dict[str, Any]]) -> Callable[[Cast], dict[str, Any]]:
    """Register what stands in the address of a route: a function of the cast."""
    things[build.__name__] = build
    return build
