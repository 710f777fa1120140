"""The wire to WeChat Pay: the SDK's calls, signatures and ciphers over a transport of ours.

The SDK (`wechatpayv3`) builds paths and contents, signs, encrypts names and decrypts notices. Its
own transport follows redirects, reads without an end, keeps no connection, and fetches certificates
for whatever serial a forger names; `Wire` does none of that. Nothing that passes is logged.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import aes_decrypt, build_authorization, rsa_verify

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
TIMEOUT = (3, 10)  # connect, read (security.md 3.3)
TOTAL_SECONDS = 10.0
LONGEST_ANSWER = 1_048_576
LONGEST_BILL = 64 * 1_048_576


class Unheard(Exception):
    """There was no answer that is provably WeChat's."""


@dataclass(frozen=True, slots=True)
class Account:
    """The merchant's facts and keys, out of the folder of `WECHAT_PAY_KEYS`."""

    mchid: str
    appid: str
    serial_no: str
    public_key_id: str
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    apiv3_key: str = field(repr=False)


@lru_cache(maxsize=4)
def account_in(folder: str) -> Account:
    """Read the merchant's folder; raise FileNotFoundError when a part is missing."""
    place = Path(folder)
    facts = json.loads((place / "merchant.json").read_text(encoding="utf-8"))
    return Account(
        **{name: facts[name] for name in ("mchid", "appid", "serial_no", "public_key_id")},
        private_key=(place / "merchant_private.pem").read_text(encoding="utf-8"),
        public_key=(place / "platform_public.pem").read_text(encoding="utf-8"),
        apiv3_key=(place / "apiv3.key").read_text(encoding="utf-8").strip(),
    )


@lru_cache(maxsize=4)
def platform_key(public_key: str) -> rsa.RSAPublicKey:
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("WeChat Pay's public key is not an RSA key")
    return key


def is_signed(
    headers: Mapping[str, str], body: bytes, account: Account, *, now: float | None = None
) -> bool:
    """Say whether WeChat signed exactly these bytes within the last five minutes."""
    at, serial = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Serial", "")
    if headers.get("Wechatpay-Signature-Type", SCHEME) != SCHEME:
        return False
    if serial != account.public_key_id or not (at.isascii() and at.isdigit() and len(at) <= 12):
        return False
    if abs(int(at) - (time.time() if now is None else now)) > FRESH_SECONDS:
        return False
    nonce, signature = headers.get("Wechatpay-Nonce", ""), headers.get("Wechatpay-Signature", "")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    key = platform_key(account.public_key)
    return bool(nonce) and bool(rsa_verify(at, nonce, text, signature, key))


def opened(resource: Mapping[str, Any], account: Account) -> dict[str, Any] | None:
    """Return what a notice's sealed part says; None when it was not sealed with our key."""
    parts = [resource.get(name) for name in ("nonce", "ciphertext", "associated_data")]
    if resource.get("algorithm") != "AEAD_AES_256_GCM":
        return None
    if not all(isinstance(part, str) for part in parts):
        return None
    try:
        plain = aes_decrypt(parts[0], parts[1], parts[2], account.apiv3_key)
        facts = json.loads(plain) if plain else None
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


class Wire(Core):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's core over connections that are kept, bounded, and verified before being read."""

    def __init__(self, account: Account, gateway: str) -> None:
        super().__init__(
            mchid=account.mchid, cert_serial_no=account.serial_no,
            private_key=account.private_key, apiv3_key=account.apiv3_key,
            public_key=account.public_key, public_key_id=account.public_key_id,
        )  # fmt: skip
        self.account, self._gate_way, self._mine = account, gateway, threading.local()

    def request(
        self, path: str, method: RequestType = RequestType.GET, data: Any = None, **_options: Any
    ) -> tuple[int, str]:
        """Send one call; return status and text; raise `Unheard` without a proven answer."""
        status, body = self.fetch(path, method, data, LONGEST_ANSWER, is_proven=True)
        return status, body.decode(errors="replace")

    def fetch(
        self, path: str, method: RequestType, data: Any, most: int, *, is_proven: bool
    ) -> tuple[int, bytes]:
        body = json.dumps(data) if data else ""
        headers = {
            "Accept": "application/json", "Content-Type": "application/json",
            "User-Agent": "union-portal", "Wechatpay-Serial": self.account.public_key_id,
            "Authorization": build_authorization(
                path, method.value, self.account.mchid, self.account.serial_no,
                self._private_key, data=body,
            ),
        }  # fmt: skip
        try:
            answer = self._session().request(
                method.value, self._gate_way + path, data=body.encode(), headers=headers,
                timeout=TIMEOUT, allow_redirects=False, stream=True,
            )  # fmt: skip
            with answer:
                content = _read(answer, most)
        except (RequestException, HTTPError, OSError) as error:
            raise Unheard(type(error).__name__) from error
        if is_proven and not is_signed(answer.headers, content, self.account):
            raise Unheard("not signed")
        return answer.status_code, content

    def _session(self) -> requests.Session:
        """One session a thread: connections are kept, the environment's proxies are not used."""
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = requests.Session()
            session.trust_env = False
        return session


def _read(answer: requests.Response, most: int) -> bytes:
    """Read a body up to `most` bytes and not for longer than a call may take."""
    end, parts, size = time.monotonic() + TOTAL_SECONDS, [], 0
    while chunk := answer.raw.read1(65_536):
        parts.append(chunk)
        size += len(chunk)
        if size > most or time.monotonic() > end:
            raise Unheard("too long")
    return b"".join(parts)


class Merchant(WeChatPay):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's merchant, on our wire."""

    def __init__(self, account: Account, gateway: str, notify_url: str) -> None:
        super().__init__(
            wechatpay_type=WeChatPayType.JSAPI, mchid=account.mchid, appid=account.appid,
            private_key=account.private_key, cert_serial_no=account.serial_no,
            apiv3_key=account.apiv3_key, notify_url=notify_url,
            public_key=account.public_key, public_key_id=account.public_key_id,
        )  # fmt: skip
        self.account = account
        self.wire = self._core = Wire(account, gateway)


def is_set_up() -> bool:
    """Say whether this portal has a merchant's folder."""
    folder = settings.WECHAT_PAY_KEYS
    return bool(folder) and (Path(folder) / "merchant.json").is_file()


@lru_cache(maxsize=4)
def _merchant(folder: str, gateway: str, notify_url: str) -> Merchant:
    return Merchant(account_in(folder), gateway, notify_url)


def merchant() -> Merchant:
    """Return the merchant of the settings."""
    return _merchant(
        settings.WECHAT_PAY_KEYS, settings.WECHAT_PAY_API, settings.WECHAT_PAY_NOTIFY_URL
    )
