"""One running portal and one Chromium for all browser tests; people for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.people import People, Watch
from tests.browser.running import RunningPortal

RESULTS = Path(__file__).resolve().parents[2] / "test-results"
FAILED = pytest.StashKey[bool]()
NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_CHROMIUM = "The browser tests need Chromium: install Debian's package chromium."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not browser"` leaves them out."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Note on the test whether it failed, for the pictures."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report


# Both end with this folder, not with the session: Playwright keeps an event loop running in the
# thread, in which Django refuses to use its database.
@pytest.fixture(scope="package")
def portal() -> Iterator[RunningPortal]:
    """The portal with its demo district; stopping it must leave nothing behind."""
    data = Path(tempfile.mkdtemp(prefix="portal-"))
    data.chmod(0o711)
    running = RunningPortal(data)
    try:
        yield running
        assert running.stop() == []
    finally:
        running.kill()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.fail(NO_CHROMIUM)
    with sync_playwright() as playwright:
        # Chromium as root needs its sandbox off; the pages are the portal's own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def kept() -> dict[str, Any]:
    """Role → cookies of an officer who has signed in."""
    return {}


@pytest.fixture
def people(
    chromium: Browser, portal: RunningPortal, kept: dict[str, Any], request: pytest.FixtureRequest
) -> Iterator[People]:
    """People for one test; at its end no page may have broken the policy or thrown an error.

    A failed test leaves a picture of every open page in test-results/.
    """
    watch = Watch()
    everybody = People(chromium, portal, kept, watch)
    yield everybody
    everybody.leave(RESULTS / request.node.name if request.node.stash.get(FAILED, False) else None)
    assert watch.troubles == []
