"""Every page of the URL map, in both languages, narrow and wide, light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.audit import audit, looks
from tests.browser.people import People
from tests.browser.sitemap import PUBLIC, READERS, WALKED, addresses, pages

LANGUAGES = ("zh-hans", "en")
STARTS = {
    PUBLIC: ["/", "/accounts/login/", "/accounts/inactive/", "/join/"],
    **dict.fromkeys(READERS, ["/desk/", "/accounts/logout/"]),
}
WIDTHS = {PUBLIC: (320, 390, 1280), **dict.fromkeys(READERS, (390, 1280))}


@pytest.fixture(scope="module")
def met() -> dict[str, dict[str, str]]:
    """Reader → route name → an address of that page."""
    return {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reader", [PUBLIC, *READERS])
def test_page_is_accessible_and_fits(reader: str, language: str, people: People, met: Any):
    people.language = language
    page = people.worker() if reader == PUBLIC else people.officer(reader)
    if reader not in met:
        met[reader] = addresses(page, STARTS[reader])
    wanted = {name for name, who in pages().items() if who == reader} - WALKED
    if reader != PUBLIC:
        wanted.add("dashboard:home")  # each role has its own
    alone = wanted - set(met[reader])
    assert not alone, f"no link leads to {', '.join(sorted(alone))}"
    wrong = []
    for name in sorted(wanted):
        page.goto(met[reader][name])
        wrong += audit(page, looks(language, WIDTHS[reader]))
    assert not wrong, "\n".join(wrong)
