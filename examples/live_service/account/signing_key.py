"""The Ed25519 keys that sign players' tokens, in files, and their public halves."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from shared_http.player_tokens import ALGORITHM
from shared_http.settings import SettingError


def load_or_make_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the PEM file's key, made on first use and readable by its owner only.

    A `SettingError` if others may read it: they could sign in as anybody.
    """
    make_signing_key(path)
    return load_signing_key(path)


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the PEM file's key; a `SettingError` as `load_or_make_signing_key`."""
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise SettingError(
                f"ACCOUNT_KEY_FILE: {path} is a secret that others may read "
                f"(mode {mode:o}); chmod 600 it"
            )
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingError(f"ACCOUNT_KEY_FILE: {path}: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingError(f"ACCOUNT_KEY_FILE: {path} must hold an Ed25519 key")
    return key


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the public key as a JWK; its `kid` is its own thumbprint (RFC 7638)."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    essence = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    canonical = json.dumps(essence, sort_keys=True, separators=(",", ":"))
    thumbprint = _base64url(hashlib.sha256(canonical.encode()).digest())
    return {**essence, "use": "sig", "alg": ALGORITHM, "kid": thumbprint}


def make_signing_key(path: Path) -> None:
    """Put a new key there unless there is one."""
    if path.exists():
        return
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        # A whole file appears under the name or none does, and of two processes that
        # start at once the first one's key stays. mkstemp makes it mode 0600.
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    except OSError as error:
        raise SettingError(f"ACCOUNT_KEY_FILE: {path}: {error.strerror}") from None


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key of a PEM file; a `SettingError` without one."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise SettingError(f"ACCOUNT_KEY_FILE: {path}: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingError(f"ACCOUNT_KEY_FILE: {path} must hold an Ed25519 public key")
    return key


def public_pem(key: Ed25519PublicKey) -> str:
    """Return the public key as `load_public_key` reads it."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
