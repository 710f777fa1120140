"""Encryption of single values, blind indexes and order numbers (architecture.md decision 11).

Blob: 1 byte algorithm, 2 bytes key id, 12 bytes nonce, ciphertext with its 16-byte tag. The
context "app.model.field" is bound in, so a value moved to another column does not decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

AES_256_GCM = 1
NONCE_BYTES = 12
HEADER_BYTES = 3
TAG_BYTES = 16
ORDER_NUMBER_BYTES = 20  # 160 bits are 32 base32 characters, the longest number WeChat Pay takes


class DecryptionError(Exception):
    """A stored value cannot be read: wrong or missing key, moved, or damaged."""


def encrypt(plaintext: str, context: str) -> bytes:
    """Return `plaintext` sealed for `context` under the current key."""
    return encrypt_bytes(plaintext.encode(), context)


def decrypt(blob: bytes, context: str) -> str:
    """Return the text `encrypt` sealed for the same context; raise DecryptionError."""
    return decrypt_bytes(blob, context).decode()


def encrypt_bytes(content: bytes, context: str) -> bytes:
    """Return `content` (a file) sealed for `context` under the current key."""
    key_id: int = settings.FIELD_KEY_ID
    header = bytes([AES_256_GCM]) + key_id.to_bytes(2, "big")
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(settings.FIELD_KEYS[key_id]).encrypt(nonce, content, _bound(header, context))
    return header + nonce + sealed


def decrypt_bytes(blob: bytes, context: str) -> bytes:
    """Return what `encrypt_bytes` sealed for the same context; raise DecryptionError."""
    blob = bytes(blob)
    if len(blob) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or blob[0] != AES_256_GCM:
        raise DecryptionError(f"{context}: this is not an encrypted value of a known form")
    header, nonce = blob[:HEADER_BYTES], blob[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    try:
        return AESGCM(_key(key_id(blob), context)).decrypt(
            nonce, blob[HEADER_BYTES + NONCE_BYTES :], _bound(header, context)
        )
    except InvalidTag:
        raise DecryptionError(
            f"{context}: the value does not open with key {key_id(blob)}: wrong key, or it was "
            "moved or damaged"
        ) from None


def key_id(blob: bytes) -> int:
    """Return the id of the key that sealed `blob`, for finding rows to re-key."""
    return int.from_bytes(blob[1:HEADER_BYTES], "big")


def blind_index(value: str, purpose: str) -> uuid.UUID:
    """Return a keyed fingerprint for exact look-ups; `purpose` keeps columns apart."""
    return uuid.UUID(bytes=_hmac(settings.INDEX_KEY, (purpose, value))[:16])


class Indexer:
    """Blind indexes of one purpose, many times: the same values as `blind_index`, sooner."""

    def __init__(self, purpose: str) -> None:
        self._begun = hmac.new(settings.INDEX_KEY, digestmod=hashlib.sha256)
        self._begun.update(_prefixed(purpose))

    def hex(self, value: str) -> str:
        """Return the index of `value` as 32 hexadecimal digits."""
        mac = self._begun.copy()
        mac.update(_prefixed(value))
        return mac.hexdigest()[:32]


class Sealer:
    """Seals many values for one context under the current key, as `encrypt` does."""

    def __init__(self, context: str) -> None:
        key_id: int = settings.FIELD_KEY_ID
        self._header = bytes([AES_256_GCM]) + key_id.to_bytes(2, "big")
        self._bound = _bound(self._header, context)
        self._cipher = AESGCM(settings.FIELD_KEYS[key_id])

    def seal(self, plaintext: str) -> bytes:
        """Return `plaintext` sealed."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), self._bound)
        return self._header + nonce + sealed


def order_hmac(*parts: object) -> str:
    """Return an order number of 32 capitals and digits, the same for the same parts for ever."""
    if not parts:
        raise ValueError("an order number needs parts")
    digest = _hmac(settings.ORDER_KEY, tuple(str(part) for part in parts))
    return base64.b32encode(digest[:ORDER_NUMBER_BYTES]).decode()


def person_order_key(id_type: str, id_number: str) -> str:
    """Return the person's part of order numbers; it outlives the person's row (domain.md §6.2)."""
    return order_hmac("person", id_type, id_number)


def _key(number: int, context: str) -> bytes:
    key: bytes | None = settings.FIELD_KEYS.get(number)
    if key is None:
        raise DecryptionError(f"{context}: key {number} is not in FIELD_KEYS")
    return key


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()


def _hmac(key: bytes, parts: tuple[str, ...]) -> bytes:
    """Return HMAC-SHA-256 over length-prefixed parts, so ("ab", "c") differs from ("a", "bc")."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(_prefixed(part))
    return mac.digest()


def _prefixed(part: str) -> bytes:
    encoded = part.encode()
    return len(encoded).to_bytes(4, "big") + encoded
