"""Every page of the portal, found from the URL map and the links of the running pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.architecture.matrix import PUBLIC, ROLES, STAFF, TABLE, routes

# Who looks at a page that several roles may see: the role with the most on the page.
READERS = (
    "district_officer", "subdistrict_officer", "finance_maker", "finance_checker",
    "field_officer", "auditor", "system_administrator", "security_administrator",
)  # fmt: skip
# Answers for machines, files, and a piece of a page.
NO_PAGES = {
    "health-live", "health-ready", "set_language", "mfa_download_recovery_codes",
    "members:import-template", "members:register-template", "members:unit-pick",
    "reports:coverage-xlsx", "members:unit-children",
    "core:attachment", "pay:wechat-notice",
}  # fmt: skip
# No link leads there in a fresh demo: the main job looks at them on its way.
WALKED_JOB = {
    "members:import-detail", "outreach:known-list", "core:job-detail", "benefits:batch-detail",
    "benefits:batch-upload", "benefits:line-settle", "worker:status-code", "worker:status-answer",
    "worker:join", "worker:join-work", "worker:join-vehicle", "worker:join-check",
    "worker:join-code", "worker:join-done", "worker:own-data", "worker:status-move",
    "worker:status-benefits",
}  # fmt: skip
# Steps of a log-in, links that come by text message.
WALKED_ELSEWHERE = {
    "account_logout", "mfa_authenticate", "worker:confirm", "worker:verify",
    "worker:transfer", "members:transfer-detail", "worker:complete", "worker:join-papers",
}  # fmt: skip
# A fresh demo has no row of their kind; the matrix opens them.
ROWLESS = {
    "core:export-detail", "members:bulk-detail", "members:area-end", "members:committee-extend",
    "members:contract-filed",
    "members:duplicate-detail", "members:filing-done", "members:filing-new", "members:link-end",
    "members:member-again", "members:plaque-end", "members:request-answer",
    "members:request-detail", "members:transfer-letter", "members:seat-end", "members:seat-new",
    "benefits:difference-detail", "benefits:match-detail", "benefits:hand-out",
    "benefits:hand-out-detail", "benefits:employer-why", "benefits:objection-detail",
    "benefits:payee-detail", "benefits:pay-list", "benefits:receipt-new", "worker:account-stop",
    "worker:notice-detail", "worker:notice-object", "worker:notice-code",
}  # fmt: skip
# Only for an account without its second step yet, and after typing the password again.
NOT_WALKED = {"mfa_activate_totp", "mfa_view_recovery_codes"}
WALKED = WALKED_JOB | WALKED_ELSEWHERE | ROWLESS | NOT_WALKED
assert set(READERS) == set(ROLES)


def pages() -> dict[str, str]:
    """Return route name → who looks at it, for every route that answers GET with a page."""
    found = {}
    for route in routes():
        row = TABLE.get(route.name)  # a route without a row fails the matrix
        if row is None or "GET" not in row.who or route.is_api or route.name in NO_PAGES:
            continue
        found[route.name] = _reader(row.who["GET"])
    return found


def _reader(who: str | frozenset[str]) -> str:
    if who in (PUBLIC, STAFF):
        return PUBLIC if who == PUBLIC else READERS[0]
    return next(role for role in READERS if role in who)


def addresses(page: Page, starts: Iterable[str]) -> dict[str, str]:
    """Follow the links of this reader's pages; return route name → first address met."""
    met: dict[str, str] = {}
    waiting = [name_and_path for path in starts if (name_and_path := _named(path))]
    while waiting:
        name, path = waiting.pop(0)
        if name in met:
            continue
        answer = page.request.get(path, max_redirects=3)
        if not answer.ok or "text/html" not in answer.headers.get("content-type", ""):
            continue
        met[name] = path
        links = re.findall(r'\bhref="(/[^"#?]*)', answer.text())
        waiting += [found for link in links if (found := _named(link)) and found[0] not in met]
    return met


def _named(address: str) -> tuple[str, str] | None:
    path = urlsplit(address).path
    try:
        return resolve(path).view_name, path
    except Resolver404:
        return None
