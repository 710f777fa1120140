"""APIv3's signatures and ciphers: WECHATPAY2-SHA256-RSA2048, RSA-OAEP, AEAD_AES_256_GCM."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulators.wechatpay.keys import Keys

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
PART = re.compile(r'(\w+)="([^"]*)"')


class BadSignature(Exception):
    """The request is not the merchant's, or is old, or came before."""


@dataclass(frozen=True)
class Stamp:
    """When and under which number a request was signed."""

    nonce: str
    at: int


def require_request(
    keys: Keys, method: str, path: str, body: bytes, header: str, now: float
) -> Stamp:
    """Return the stamp of a request the merchant signed; raise `BadSignature` otherwise."""
    scheme, _space, rest = header.partition(" ")
    parts = dict(PART.findall(rest))
    if scheme != SCHEME or parts.get("mchid") != keys.mchid:
        raise BadSignature("another scheme or merchant")
    if parts.get("serial_no") != keys.merchant_serial:
        raise BadSignature("another certificate")
    at, nonce = parts.get("timestamp", ""), parts.get("nonce_str", "")
    if not at.isdigit() or abs(int(at) - now) > FRESH_SECONDS or not nonce:
        raise BadSignature("not fresh")
    text = b"\n".join([method.encode(), path.encode(), at.encode(), nonce.encode(), body, b""])
    try:
        keys.merchant.verify(
            base64.b64decode(parts.get("signature", "")), text, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not fit") from error
    return Stamp(nonce, int(at))


def headers_for(keys: Keys, body: bytes, now: float) -> dict[str, str]:
    """Return the Wechatpay-* headers of a response or a notice."""
    at, nonce = str(int(now)), secrets.token_hex(16)
    text = b"\n".join([at.encode(), nonce.encode(), body, b""])
    signature = keys.platform.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Timestamp": at,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": keys.platform_id,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": SCHEME,
    }


def open_name(keys: Keys, text: str) -> str:
    """Return a name that was encrypted for the platform; raise ValueError when it was not."""
    oaep = padding.OAEP(
        mgf=padding.MGF1(algorithm=hashes.SHA1()),
        algorithm=hashes.SHA1(),
        label=None,
    )
    return keys.platform.decrypt(base64.b64decode(text), oaep).decode()


def seal(keys: Keys, facts: dict[str, Any], kind: str) -> dict[str, str]:
    """Return a notice's `resource`: the facts encrypted with the APIv3 key."""
    nonce = secrets.token_hex(6)
    plain = json.dumps(facts, ensure_ascii=False).encode()
    sealed = AESGCM(keys.apiv3).encrypt(nonce.encode(), plain, kind.encode())
    return {
        "original_type": kind,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": kind,
        "nonce": nonce,
    }
