"""The signing keys that count now, read anew from their files every second."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from structlog.typing import FilteringBoundLogger

from account.key_files import next_key_file, retired_key_files
from account.signing_key import (
    load_or_make_signing_key,
    load_public_key,
    load_signing_key,
    make_signing_key,
    public_jwk,
)
from shared_http.clock import ClockMs, now_ms
from shared_http.player_tokens import SigningKey
from shared_http.settings import SettingError

log: FilteringBoundLogger = structlog.get_logger()

_READ_EVERY_MS = 1000


@dataclass(frozen=True)
class _Keys:
    signing: SigningKey
    public: dict[str, Ed25519PublicKey]


class KeyRing:
    """The key that signs, and all that are published. Safe from several threads.

    A file that can't be used when it is read again changes nothing and is logged.

    Raises
    ------
    SettingError
        A file can't be used at the start.
    """

    def __init__(self, file: Path, *, clock_ms: ClockMs = now_ms) -> None:
        self._file = file
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self._trouble = ""
        load_or_make_signing_key(file)
        try:
            make_signing_key(next_key_file(file))
        except SettingError as error:
            # Keys may be kept where the service can't write, and placed by hand.
            log.warning("there is no next signing key", error=str(error))
        self._keys = self._read()
        self._read_at_ms = clock_ms()

    def signing_key(self) -> SigningKey:
        """Return the key that signs now."""
        return self._now().signing

    def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Return the published key of that id, or None."""
        return self._now().public.get(key_id)

    def published(self) -> list[dict[str, str]]:
        """Return all keys as JWKs: the one that signs, the next one, retired ones."""
        return [public_jwk(key) for key in self._now().public.values()]

    def _now(self) -> _Keys:
        with self._lock:
            now_ms = self._clock_ms()
            if abs(now_ms - self._read_at_ms) >= _READ_EVERY_MS:
                self._read_at_ms = now_ms
                self._read_again()
            return self._keys

    def _read_again(self) -> None:
        trouble = ""
        try:
            self._keys = self._read()
        except (SettingError, OSError) as error:
            trouble = str(error)
        # Once, and not every second.
        if trouble and trouble != self._trouble:
            log.error("signing keys not read, the old ones are kept", error=trouble)
        self._trouble = trouble

    def _read(self) -> _Keys:
        # In the order in which a rotation moves a key on, so that none is missed.
        after = next_key_file(self._file)
        coming = _load_if_there(after)
        current = load_signing_key(self._file)
        public = [current.public_key()]
        if coming is not None:
            public.append(coming.public_key())
        at_ms = self._clock_ms()
        public += map(load_public_key, retired_key_files(self._file, at_ms=at_ms))
        by_id: dict[str, Ed25519PublicKey] = {}
        for key in public:
            by_id.setdefault(public_jwk(key)["kid"], key)
        return _Keys(SigningKey(next(iter(by_id)), current), by_id)


def _load_if_there(file: Path) -> Ed25519PrivateKey | None:
    return load_signing_key(file) if file.exists() else None
