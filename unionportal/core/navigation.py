"""The desk's navigation: apps register their pages, each person sees those he or she may open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from unionportal.core.roles import Permission, permissions_of

if TYPE_CHECKING:
    from unionportal.core.models import User

# The order of the sections, and the head printed over each ("today" has none).
SECTIONS: dict[str, str | Promise] = {
    "today": "",
    "members": _("Members"),
    "action": _("Action"),
    "services": _("Services"),
    "figures": _("Figures"),
    "system": _("System"),
}


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """A page of the navigation. `count` says how many things there wait for the user."""

    section: str
    order: int
    label: str | Promise
    url_name: str
    permission: Permission | None = None
    count: Callable[[User], int | None] | None = None
    # For the desk's first page: what the counted things wait for, and since when the oldest does.
    waiting: str | Promise = ""
    oldest: Callable[[User], dt.datetime | None] | None = None


@dataclass
class NavLink:
    label: str | Promise
    url: str
    count: int | None = None
    is_current: bool = False
    waiting: str | Promise = ""
    oldest: Callable[[User], dt.datetime | None] | None = None


@dataclass
class NavSection:
    key: str
    label: str | Promise
    links: list[NavLink] = field(default_factory=list)


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    """Add a page; registering the same URL name again replaces it. Call from AppConfig.ready."""
    if item.section not in SECTIONS:
        raise ValueError(f"No section {item.section!r} in the navigation")
    _items[item.url_name] = item


def navigation_for(user: User, path: str = "") -> list[NavSection]:
    """Return the sections `user` may open, with what waits in each; mark the page at `path`."""
    held = permissions_of(user)
    sections = {key: NavSection(key, label) for key, label in SECTIONS.items()}
    for item in sorted(_items.values(), key=lambda one: (one.order, one.url_name)):
        if item.permission is None or item.permission in held:
            sections[item.section].links.append(_link(item, user))
    shown = [section for section in sections.values() if section.links]
    _mark_current([link for section in shown for link in section.links], path)
    return shown


def _link(item: NavItem, user: User) -> NavLink:
    count = item.count(user) if item.count else None
    return NavLink(
        item.label,
        reverse(item.url_name),
        count or None,
        waiting=item.waiting or item.label,
        oldest=item.oldest,
    )


def _mark_current(links: list[NavLink], path: str) -> None:
    """Mark the longest address that `path` begins with; the desk's home only for itself."""
    under = [link for link in links if path.startswith(link.url)]
    best = max(under, key=lambda link: len(link.url), default=None)
    if best is not None and (best.url == path or best.url != "/desk/"):
        best.is_current = True
