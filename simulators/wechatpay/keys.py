"""The two parties' keys, made at the first start and kept as files."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BITS = 2048
PRIVATE, PUBLIC = "{}_private.pem", "{}_public.pem"


@dataclass(frozen=True)
class Keys:
    """What the server holds: its own private key, the merchant's public key, the shared key."""

    platform: rsa.RSAPrivateKey
    platform_id: str
    merchant: rsa.RSAPublicKey
    merchant_serial: str
    apiv3: bytes
    mchid: str
    appid: str


def load(folder: Path) -> Keys:
    """Read the keys of a folder, making those that are absent."""
    make(folder)
    facts = json.loads((folder / "merchant.json").read_text(encoding="utf-8"))
    platform = serialization.load_pem_private_key(
        (folder / PRIVATE.format("platform")).read_bytes(), password=None
    )
    merchant = serialization.load_pem_public_key((folder / PUBLIC.format("merchant")).read_bytes())
    if not isinstance(platform, rsa.RSAPrivateKey) or not isinstance(merchant, rsa.RSAPublicKey):
        raise TypeError("the keys are not RSA keys")
    return Keys(
        platform=platform,
        platform_id=facts["public_key_id"],
        merchant=merchant,
        merchant_serial=facts["serial_no"],
        apiv3=(folder / "apiv3.key").read_bytes().strip(),
        mchid=facts["mchid"],
        appid=facts["appid"],
    )


def make(folder: Path) -> None:
    """Write what is missing: both key pairs, the APIv3 key, and `merchant.json` last."""
    if (folder / "merchant.json").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    digests = {name: _pair(folder, name) for name in ("platform", "merchant")}
    _write(folder / "apiv3.key", secrets.token_hex(16).encode())
    facts = {
        "mchid": "1900000109",
        "appid": "wx0000000000000049",
        "serial_no": digests["merchant"][:40].upper(),
        "public_key_id": f"PUB_KEY_ID_0119{digests['platform'][:24].upper()}",
    }
    _write(folder / "merchant.json", json.dumps(facts, indent=1).encode())


def _pair(folder: Path, name: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(folder / PRIVATE.format(name), private)
    _write(folder / PUBLIC.format(name), public)
    return hashlib.sha256(public).hexdigest()


def _write(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}")
    scratch.write_bytes(content)
    scratch.chmod(0o600)
    scratch.rename(path)
