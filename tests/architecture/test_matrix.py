"""Every route × method × role × scope, against the table written by hand in matrix.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, reverse

from tests.architecture.cast import NOBODYS, Cast
from tests.architecture.matrix import (
    AREA_A,
    DISTRICT_ONLY,
    METHODS,
    NONE,
    OWN,
    PUBLIC,
    ROLES,
    STAFF,
    TABLE,
    Route,
    Row,
    Who,
    differences,
    rights_of,
    routes,
)
from unionportal.core.roles import ROLES as CODE_ROLES

pytestmark = pytest.mark.django_db

ROUTES = {route.name: route for route in routes()}
COVERED = sorted(set(ROUTES) & set(TABLE))
REFUSED = {401, 403, 404, 405}


def test_every_route_has_a_row_and_every_row_a_route():
    assert differences(routes(), TABLE) == []


def test_a_planted_route_without_a_row_is_named():
    def planted(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    inner = ([path("planted/", planted, name="page")], "planted")
    patterns = [path("desk/", include(inner)), path("bare/", planted)]
    assert differences(routes(patterns), {"gone": Row({})}) == [
        "no row in the matrix for nameless bare/",
        "no row in the matrix for planted:page",
        "no route for the row gone",
    ]


def test_no_two_routes_share_a_name():
    names = [route.name for route in routes()]
    assert sorted(names) == sorted(set(names))


def test_the_table_knows_the_roles_of_the_code():
    assert set(ROLES) == set(CODE_ROLES)


@pytest.mark.parametrize("name", COVERED)
def test_table_says_what_the_view_declares(name):
    row, declared = TABLE[name], rights_of(ROUTES[name])
    roled = {m: who | row.shut_out for m, who in _told(row) if not isinstance(who, str)}
    assert roled == {method: _holders(right) for method, right in declared.items()}
    if "GET" in row.who:
        assert row.who["HEAD"] == row.who["GET"]


def _holders(right: str) -> frozenset[str]:
    return frozenset(code for code, role in CODE_ROLES.items() if right in role.permissions)


def test_whatever_is_under_desk_or_api_needs_a_role():
    bare = {
        name
        for name, route in ROUTES.items()
        if route.path.startswith(("desk/", "api/")) and not rights_of(route)
    }
    assert bare == {"api:schema", "api:docs"}


@pytest.mark.parametrize("name", COVERED)
def test_methods_and_roles(name, cast):
    """Ask with every method as anonymous, without a role, and as every role."""
    route, row = ROUTES[name], TABLE[name]
    wrong = []
    for who in ("anonymous", "nobody", *ROLES):
        address = reverse(name, kwargs=_own_address(cast, row, who))
        for method in METHODS:
            expected = _expected(route, row, who, method)
            if method == "HEAD" and expected == "open" and who != _first(row):
                continue  # HEAD renders all that GET renders: once is enough
            wrong += _check(cast, who, method, address, expected)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in COVERED if TABLE[name].scope != NONE])
def test_scope(name, cast):
    """Ask for an object of sub-district A as A's officers, the neighbour's and the district's."""
    row = TABLE[name]
    wrong = []
    for method, who in _told(row):
        assert not isinstance(who, str)
        for role in sorted(who):
            for place in ("", "@a", "@b"):
                caller = f"{role}{place}"
                address = reverse(name, kwargs=_foreign_address(cast, row, caller))
                inside: int | str = 403 if role in row.refused else "open"
                expected = inside if _sees(row, role, place) else 404
                wrong += _check(cast, caller, method, address, expected)
    assert not wrong, "\n".join(wrong)


def _told(row: Row) -> list[tuple[str, Who]]:
    return [(method, who) for method, who in row.who.items() if method != "HEAD"]


def _first(row: Row) -> str:
    who = row.who["HEAD"]
    return "anonymous" if isinstance(who, str) else min(who)


def _sees(row: Row, role: str, place: str) -> bool:
    seen_from = {AREA_A: ("", "@a"), DISTRICT_ONLY: ("",), OWN: ()}[row.scope]
    return place in seen_from or role in row.sees_all


@pytest.mark.parametrize("name", [name for name in COVERED if "uuid:pk" in ROUTES[name].path])
def test_unknown_id_is_not_found(name, cast):
    row = TABLE[name]
    kwargs = {**_own_address(cast, row, "anonymous"), "pk": NOBODYS}
    wrong = []
    for method, who in _told(row):
        callers = ["anonymous"] if who == PUBLIC else sorted(who)
        for caller in callers:
            wrong += _check(cast, caller, method, reverse(name, kwargs=kwargs), 404)
    assert not wrong, "\n".join(wrong)


def test_nothing_of_a_stands_in_a_list_of_the_neighbour(cast):
    """No list page and no API list of B's officers names an id of A's things."""
    ids = {str(cast.address_of(thing)["pk"]) for thing in _THINGS_OF_A}
    leaks = []
    for name in COVERED:
        row, inside = TABLE[name], name.startswith(_ROOMS)
        if not inside or "<" in ROUTES[name].path or row.scope != NONE:
            continue
        if isinstance(row.who.get("GET", STAFF), str):
            continue
        for role in sorted(row.who["GET"]):
            text = str(cast.call(f"{role}@b", "GET", reverse(name)).content)
            leaks += [f"{name} as {role}@b: {found}" for found in ids if found in text]
    assert leaks == []


_ROOMS = ("members:", "outreach:", "stations:", "benefits:", "reports:", "dashboard:", "api:")
_THINGS_OF_A = sorted({row.thing for row in TABLE.values() if row.scope == AREA_A})


def test_a_session_without_second_factor_gets_nowhere(cast):
    user = cast.users["district_officer"]
    kept = list(user.authenticator_set.all())
    user.authenticator_set.all().delete()
    try:
        page = cast.call("district_officer", "GET", reverse("members:member-list"))
        answer = cast.call("district_officer", "GET", reverse("api:members-list"))
    finally:
        type(kept[0]).objects.bulk_create(kept)
    assert page.headers["Location"] == reverse("mfa_activate_totp")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor")


def _own_address(cast: Cast, row: Row, who: str) -> dict[str, Any]:
    """Return the URL arguments of a thing `who` would be shown, if it had the right."""
    address = cast.address_of(row.thing)
    return {"pk": address.get(who, NOBODYS)} if row.scope == OWN else address


def _foreign_address(cast: Cast, row: Row, who: str) -> dict[str, Any]:
    """Return the same for an object of A, or, where each has its own, for another one's."""
    address = cast.address_of(row.thing)
    return {"pk": address["nobody"]} if row.scope == OWN else address


def _expected(route: Route, row: Row, who: str, method: str) -> int | str:
    """Return a status, or "open", "log-in", "own" for a kind of answer."""
    if who == "anonymous" and PUBLIC not in row.who.values():
        return 401 if route.is_api else "log-in"
    if row.is_library:
        return "fine"
    if method not in row.who:
        return 405
    if who in row.refused:
        return 403
    allowed = row.who[method]
    if allowed in {PUBLIC, STAFF} or who in allowed:
        return "open"
    return 403


def _check(cast: Cast, who: str, method: str, address: str, expected: int | str) -> list[str]:
    try:
        answer = cast.call(who, method, address)
    except Exception as error:
        return [f"{who} {method} {address}: raised {error!r}"]
    status = answer.status_code
    to_log_in = status == 302 and answer.headers["Location"].startswith("/accounts/login/")
    fits = {
        "log-in": to_log_in,
        "fine": status < 500,
        "open": status not in REFUSED and status < 500 and not to_log_in,
    }.get(str(expected), status == expected)
    return [] if fits else [f"{who} {method} {address}: {status}, expected {expected}"]
