"""The running portal as people know it: its address, the demo's accounts, the demo's phone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.people.browser import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PORTAL_DATA", ROOT / ".local"))
PERIOD = 30


class NotReached(AssertionError):
    """A step did not get where these people would get."""


def expect(condition: object, message: str) -> None:
    """Fail the step with `message` unless `condition` holds."""
    if not condition:
        raise NotReached(message)


def wait_for(what: str, look: Any, seconds: float = 60) -> Any:
    """Look again until something is there; fail the step after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise NotReached(f"{what}: not seen within {seconds:.0f} s")


def totp(secret: str) -> str:
    """The six digits an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // PERIOD), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


@dataclass
class Portal:
    """One portal and who uses it; browsers of signed-in officers are kept."""

    url: str
    accounts: list[dict[str, str]]
    desks: dict[str, Browser] = field(default_factory=dict)

    @classmethod
    def running(cls, url: str | None) -> Portal:
        """Find the running portal and its demo accounts in PORTAL_DATA."""
        accounts_file = DATA / "demo-accounts.json"
        expect(accounts_file.is_file(), f"{accounts_file} is missing: start script/up first")
        accounts = json.loads(accounts_file.read_text(encoding="utf-8"))
        if url is None:
            runtime = DATA / "runtime.json"
            expect(runtime.is_file(), "no portal runs here: start script/up, or name its address")
            url = json.loads(runtime.read_text(encoding="utf-8"))["url"]
        return cls(url.rstrip("/"), accounts)

    def account(self, role: str, unit: str | None = None) -> dict[str, str]:
        fitting = [
            a for a in self.accounts if a["role"] == role and (unit is None or a["unit"] == unit)
        ]
        expect(fitting, f"the demo has no {role}" + (f" of {unit}" if unit else ""))
        return fitting[0]

    def desk(self, role: str, unit: str | None = None) -> Browser:
        """A browser in which the officer with this role has signed in, second factor included."""
        account = self.account(role, unit)
        name = account["username"]
        if name not in self.desks:
            self.desks[name] = self._sign_in(account)
        return self.desks[name]

    def _sign_in(self, account: dict[str, str]) -> Browser:
        browser = Browser(self.url)
        page = browser.get("/accounts/login/?next=/desk/")
        page = browser.submit(
            page, {"login": account["username"], "password": account["password"]}, action="login"
        )
        expect("2fa" in page.path, f"{account['username']}: no second factor asked, at {page.path}")
        page = self._second_factor(browser, page, account["totp_secret"])
        expect(
            page.path.startswith("/desk/"), f"{account['username']}: not at the desk: {page.path}"
        )
        return browser

    def _second_factor(self, browser: Browser, page: Page, secret: str) -> Page:
        """Type the code; one already used in its half minute: wait for the next, as people do."""
        for _try in range(3):
            page = browser.submit(page, {"code": totp(secret)}, action="authenticate")
            if page.path.startswith("/desk/"):
                break
            time.sleep(PERIOD - time.time() % PERIOD + 0.5)
        return page

    def phone_message(self, phone: str, pattern: str, seconds: float = 30) -> str:
        """The first group of `pattern` in the newest message this phone got."""

        def look() -> str:
            page = Browser(self.url).get("/demo/phone/")
            for row in page.root.all("tr", data_message_to=phone):
                body = row.first("td", data_message_body=None)
                found = re.search(pattern, body.text) if body else None
                if found:
                    return found[1]
            return ""

        return str(wait_for(f"a message to {phone[:3]}****{phone[-4:]}", look, seconds))


def bank(*arguments: str) -> str:
    """Tell the simulated bank something, beside its running service."""
    command = [sys.executable, "-m", "simulators.bank", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"the bank said: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ledger() -> str:
    return str(DATA / "bank" / "ledger.sqlite3")


def option_named(options: dict[str, str], *words: str) -> str:
    """The value of the first choice whose words hold all of `words`."""
    for value, label in options.items():
        if value and all(word in label for word in words):
            return value
    raise NotReached(f"no choice holds {words}: {list(options.values())[:8]}")


def is_fine(page: Page, what: str) -> Page:
    """Say what a page complained about, unless it is fine."""
    errors = [e.text for e in page.root.all() if "up-error" in e.attrs.get("class", "")]
    expect(
        page.status < 400 and not errors, f"{what}: HTTP {page.status} {'; '.join(errors)[:300]}"
    )
    return page
