"""Ask for every list of the desk and of the API as everybody who may, and count the queries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.architecture.matrix import TABLE, Route, routes
from unionportal.core.models import Grant, User

# What a list is narrowed to, besides nothing: searches and filters over the big tables. Each finds
# people at every size or at none: an empty page reads no people.
NARROWED = {
    "members:member-list": (
        "?phone_state=claimed", "?confirmation=none&state=active", "?group=FOOD_RIDER", "?q=wang",
        "?q=王", "?q=nobody", "?joined_from=2024-01-01&joined_to=2024-03-31",
    ),
    "members:application-list": ("?state=approved", "?state=", "?group=FOOD_RIDER"),
    "members:employer-list": ("?q=物流", "?union_state=preparing"),
}  # fmt: skip
# The next page, as a page of the desk and as the API names it.
NEXT = re.compile(r'href="(\?[^"]*after=[^"]*)"')


@dataclass(frozen=True)
class Answer:
    """What one request came to: its status and its SQL, statement by statement."""

    status: int
    statements: tuple[str, ...] = field(repr=False)

    @property
    def queries(self) -> int:
        return len(self.statements)


def lists() -> Iterator[tuple[Route, frozenset[str]]]:
    """Yield every address without an object, and the roles that may look at it."""
    for route in routes():
        row = TABLE.get(route.name)
        who = row.who.get("GET") if row else None
        if isinstance(who, frozenset) and "<" not in route.path:
            yield route, who


def people() -> dict[str, User]:
    """Return one officer a role: of a sub-district where the role is one of a sub-district."""
    grants = Grant.objects.select_related("user").order_by("user__username")
    return {grant.role: grant.user for grant in grants}


def walk() -> dict[str, Answer]:
    """Return {page as role: answer} for all lists, their second pages and some narrowed ones."""
    clients = {role: _client(user) for role, user in people().items()}
    _warm(clients)
    found: dict[str, Answer] = {}
    for route, who in lists():
        for role in sorted(who):
            for query in ("", *NARROWED.get(route.name, ())):
                _visit(found, clients[role], f"{route.name}{query} as {role}", route, query)
    return found


def _warm(clients: dict[str, Client]) -> None:
    """Let each session and every cache of the process be there before anything is counted."""
    for client in clients.values():
        client.get(reverse("dashboard:home"))


def _client(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def _visit(found: dict[str, Answer], client: Client, name: str, route: Route, query: str) -> None:
    address = reverse(route.name)
    page, found[name] = ask(client, address + query)
    if following := _next(page):
        _page, found[f"{name}, page 2"] = ask(client, address + following)


def ask(client: Client, address: str) -> tuple[Any, Answer]:
    """Return the response and what it cost."""
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        page = client.get(address)
    return page, Answer(page.status_code, tuple(statements))


def _next(page: Any) -> str:
    """Return the query string of the next page; "" when there is none."""
    kind = page.headers.get("Content-Type", "")
    if kind.startswith("application/json"):
        link = page.json().get("next")
        return f"?{link.split('?', 1)[1]}" if link else ""
    links = NEXT.findall(page.content.decode()) if kind.startswith("text/html") else []
    return links[-1].replace("&amp;", "&") if links else ""


def differences(small: dict[str, Answer], large: dict[str, Answer]) -> list[str]:
    """Say which pages answer otherwise in the larger district, and by which statements."""
    told = []
    for name in sorted(small.keys() & large.keys()):
        one, other = small[name], large[name]
        if (one.status, one.queries) != (other.status, other.queries):
            more = Counter(other.statements) - Counter(one.statements)
            more.update(Counter(one.statements) - Counter(other.statements))
            shown = "; ".join(sql[:160] for sql in more)
            told.append(
                f"{name}: {one.status} with {one.queries} queries, then {other.status} with"
                f" {other.queries}: {shown}"
            )
    return told
