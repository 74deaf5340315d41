"""Tokens that must open nothing, made from one that does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Forge:
    """Makes tokens from a real one."""

    def __init__(self, real: str, key_file: Path) -> None:
        self.real = real
        self.header: dict[str, Any] = jwt.get_unverified_header(real)
        self.claims: dict[str, Any] = jwt.decode(
            real, options={"verify_signature": False}
        )
        pem = key_file.read_bytes()
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self.key = key

    def signed(self, key: Any = None, **changes: Any) -> str:
        """Signed properly, with claims changed or (None) left out."""
        claims = {**self.claims, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = f"{part(self.header)}.{part(claims)}"
        return f"{header}.{part((key or self.key).sign(header.encode()))}"

    def with_header(self, sign: Callable[[bytes], bytes], **changes: Any) -> str:
        """The claims of the real token under another header."""
        header = f"{part({**self.header, **changes})}.{part(self.claims)}"
        return f"{header}.{part(sign(header.encode()))}"

    def hmac_with_public_key(self, encoding: serialization.Encoding) -> str:
        formats = {
            serialization.Encoding.PEM: serialization.PublicFormat.SubjectPublicKeyInfo,
            serialization.Encoding.Raw: serialization.PublicFormat.Raw,
        }
        secret = self.key.public_key().public_bytes(encoding, formats[encoding])
        return self.with_header(
            lambda message: hmac.digest(secret, message, hashlib.sha256), alg="HS256"
        )


HOUR = 3600
FORGERIES: dict[str, Callable[[Forge], str]] = {
    "expired": lambda forge: forge.signed(exp=int(time.time()) - 1),
    "expired an hour ago": lambda forge: forge.signed(exp=int(time.time()) - HOUR),
    "without expiry": lambda forge: forge.signed(exp=None),
    "issued in the future": lambda forge: forge.signed(iat=int(time.time()) + HOUR),
    "issued at no time": lambda forge: forge.signed(iat="now"),
    "issued at a list": lambda forge: forge.signed(iat=[1]),
    "other audience": lambda forge: forge.signed(aud="another-game"),
    "without audience": lambda forge: forge.signed(aud=None),
    "other issuer": lambda forge: forge.signed(iss="somebody"),
    "without issuer": lambda forge: forge.signed(iss=None),
    "without subject": lambda forge: forge.signed(sub=None),
    "subject is a number": lambda forge: forge.signed(sub=7),
    "alg none": lambda forge: forge.with_header(lambda _: b"", alg="none"),
    "alg None": lambda forge: forge.with_header(lambda _: b"", alg="None"),
    "HS256 with the public PEM": lambda forge: forge.hmac_with_public_key(
        serialization.Encoding.PEM
    ),
    "HS256 with the public bytes": lambda forge: forge.hmac_with_public_key(
        serialization.Encoding.Raw
    ),
    "another key": lambda forge: forge.signed(Ed25519PrivateKey.generate()),
    "unknown kid": lambda forge: forge.with_header(forge.key.sign, kid="nobody's"),
    "kid is a path": lambda forge: forge.with_header(forge.key.sign, kid="../key"),
    "kid is a number": lambda forge: forge.with_header(forge.key.sign, kid=1),
    "other player, old signature": lambda forge: ".".join(
        [
            part(forge.header),
            part({**forge.claims, "sub": "u-0"}),
            forge.real.split(".")[2],
        ]
    ),
    "cut short": lambda forge: forge.real[:-8],
    "no token at all": lambda forge: "abc",
    "two dots": lambda forge: "..",
    "header is no object": lambda forge: f"{part([])}.{part({})}.",
}
