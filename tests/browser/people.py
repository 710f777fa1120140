"""People at real browsers: officers who sign in at the log-in page, workers with a phone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from simulators.people.portal import totp
from tests.browser.running import RunningPortal

LANGS = {"zh-hans": "zh-Hans", "en": "en"}
# A browser that asks for the other language: the reader's own choice has to win.
LOCALES = {"zh-hans": "en-US", "en": "zh-CN"}
HEIGHTS = {320: 640, 390: 844, 1280: 900}

# What the page did against the content security policy, told by the browser itself.
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  `policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`
));
"""


class Watch:
    """What went wrong in the browsers of a test."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Listen to a context: page errors, console errors, refused or missing parts."""
        context.add_init_script(WATCH_POLICY)
        context.on("weberror", lambda event: self.note(event.page, str(event.error)))
        context.on("console", self._console)
        context.on("response", self._response)

    def note(self, page: Page | None, text: str) -> None:
        self.troubles.append(f"{page.url if page else ''}: {text}")

    def _console(self, message: Any) -> None:
        # A form sent back with its errors is a 4xx document, which the console reports as well.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.note(message.page, message.text)

    def _response(self, response: Any) -> None:
        is_page = response.request.resource_type == "document"
        if response.status >= (500 if is_page else 400):
            self.troubles.append(f"{response.url}: HTTP {response.status}")


class People:
    """Everybody in one test: the same width and language, a browser each."""

    def __init__(
        self, chromium: Browser, portal: RunningPortal, kept: dict[str, Any], watch: Watch
    ) -> None:
        self.chromium, self.portal, self.kept, self.watch = chromium, portal, kept, watch
        self.width, self.language = 1280, "en"
        self.contexts: list[BrowserContext] = []
        self.desks: dict[str, Page] = {}
        # (phone, code): shared by all tests, as phones are.
        self.read = self.kept.setdefault("read", set())

    def browser(self, **options: Any) -> Page:
        """Open a browser that has never been here."""
        context = self.chromium.new_context(
            base_url=self.portal.url, locale=LOCALES[self.language],
            viewport={"width": self.width, "height": HEIGHTS[self.width]}, **options,
        )  # fmt: skip
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        self.watch.over(context)
        return context.new_page()

    def worker(self, path: str = "/", **options: Any) -> Page:
        """A worker's phone, opened at a page, in the language of the test."""
        page = self.browser(**options)
        page.goto(path)
        self.speak(page)
        return page

    def officer(self, role: str) -> Page:
        """The desk of the officer with a role, signed in with password and one-time code."""
        if role not in self.desks:
            # A one-time code works once: one log-in serves all tests, each in its own browser.
            if role not in self.kept:
                self.kept[role] = self._sign_in(self.portal.account(role))
            page = self.browser(storage_state=self.kept[role])
            page.goto("/desk/")
            self.speak(page)
            self.desks[role] = page
        return self.desks[role]

    def _sign_in(self, account: dict[str, str]) -> Any:
        page = self.browser()
        page.goto("/desk/")
        page.locator("[name=login]").fill(account["username"])
        page.locator("[name=password]").fill(account["password"])
        page.locator("[name=password]").press("Enter")
        page.locator("[name=code]").fill(totp(account["totp_secret"]))
        page.locator("main .btn-primary").click()
        page.wait_for_url("**/desk/")
        return page.context.storage_state()

    def speak(self, page: Page) -> None:
        """Switch to the language of the test with the page's own form."""
        if page.locator("html").get_attribute("lang") != LANGS[self.language]:
            if page.locator(".desk-top").count():
                open_menu(page)
            page.locator(f"button[name=language][value={self.language}]:visible").first.click()
        expect(page.locator("html")).to_have_attribute("lang", LANGS[self.language])

    def message(self, phone: str, pattern: str, seconds: float = 20) -> str:
        """Return what `pattern` finds in a text message not read before; nothing when none came."""
        page = self.browser()
        body = page.locator(f"[data-message-to='{phone}'] [data-message-body]")
        end = time.monotonic() + seconds
        text = ""
        while not text and time.monotonic() < end:
            page.goto("/demo/phone/")
            found = re.findall(pattern, "\n".join(body.all_inner_texts()))
            text = next((one for one in found if (phone, one) not in self.read), "")
            page.wait_for_timeout(0 if text else 500)
        page.context.close()
        self.contexts.remove(page.context)
        self.read.add((phone, text))
        return text

    def leave(self, pictures: Path | None) -> None:
        """Close every browser; save what each shows when there is a place for pictures."""
        for number, context in enumerate(self.contexts):
            for page in context.pages if pictures else ():
                page.screenshot(path=f"{pictures}-{number}.png", full_page=True)
            context.close()


def open_menu(page: Page) -> None:
    """Open the desk's menu that holds language, appearance and log-out at this width."""
    page.locator("details.who > summary:visible, details.desk-menu > summary:visible").first.click()


def wait_for(what: str, look: Callable[[], Any], seconds: float = 30) -> Any:
    """Look again until there is something; fail with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not seen within {seconds:.0f} s: {what}"
        time.sleep(0.3)
    return found
